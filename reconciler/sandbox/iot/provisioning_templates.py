"""Named provisioning templates, their versions and claims."""

from datetime import timedelta
from typing import Any

from reconciler.sandbox.iot import authority, refusals
from reconciler.sandbox.iot.paging import next_page
from reconciler.sandbox.iot.records import ProvisioningTemplate, TemplateVersion
from reconciler.sandbox.iot.store import Handler, Store
from reconciler.sandbox.iot.template_body import parse

TEMPLATES = 256  # these two: AWS IoT quotas for fleet provisioning
VERSIONS = 5
CLAIM_LIFE = timedelta(minutes=5)  # CreateProvisioningClaim: the claim is valid for five minutes


class ProvisioningTemplates:
    """The operations on provisioning templates over one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.handlers: dict[str, Handler] = {
            "CreateProvisioningTemplate": self.create,
            "DescribeProvisioningTemplate": self.describe,
            "UpdateProvisioningTemplate": self.update,
            "DeleteProvisioningTemplate": self.delete,
            "ListProvisioningTemplates": self.list,
            "CreateProvisioningTemplateVersion": self.create_version,
            "DescribeProvisioningTemplateVersion": self.describe_version,
            "DeleteProvisioningTemplateVersion": self.delete_version,
            "ListProvisioningTemplateVersions": self.list_versions,
            "CreateProvisioningClaim": self.claim,
        }

    def create(self, params: dict[str, Any]) -> dict[str, Any]:
        """With its first version, which is the default one."""
        name, kind = params["templateName"], params.get("type", "FLEET_PROVISIONING")
        parse(params["templateBody"], fleet=True)
        _check_hook(kind, params.get("preProvisioningHook"))
        if known := self._store.templates.get(name):
            raise refusals.already_exists(
                f"Provisioning template {name} already exists", resource_id=name, arn=known.arn
            )
        if len(self._store.templates) >= TEMPLATES:
            raise refusals.limit_exceeded(f"There are {TEMPLATES} provisioning templates already")
        now = self._store.now()
        template = ProvisioningTemplate(
            name=name,
            arn=self._store.arn("provisioningtemplate", name),
            role_arn=params["provisioningRoleArn"],
            type=kind,
            enabled=params.get("enabled", False),
            created=now,
            modified=now,
            versions={1: TemplateVersion(id=1, body=params["templateBody"], created=now)},
            description=params.get("description"),
            hook=params.get("preProvisioningHook"),
        )
        self._store.templates[name] = template
        self._store.set_tags(template.arn, params.get("tags", ()))
        return {"templateArn": template.arn, "templateName": name, "defaultVersionId": template.default}

    def describe(self, params: dict[str, Any]) -> dict[str, Any]:
        """The template with the body of its default version."""
        template = self._store.template(params["templateName"])
        hook = {"preProvisioningHook": template.hook} if template.hook is not None else {}
        return {
            **_summary(template),
            "defaultVersionId": template.default,
            "templateBody": template.versions[template.default].body,
            "provisioningRoleArn": template.role_arn,
            **hook,
        }

    def update(self, params: dict[str, Any]) -> dict[str, Any]:
        """Everything but the bodies, each where it is given."""
        template = self._store.template(params["templateName"])
        hook = params.get("preProvisioningHook")
        if hook is not None and params.get("removePreProvisioningHook"):
            raise refusals.invalid("preProvisioningHook and removePreProvisioningHook cannot be given together")
        _check_hook(template.type, hook)
        template.default = _version(template, params.get("defaultVersionId", template.default)).id
        template.description = params.get("description", template.description)
        template.enabled = params.get("enabled", template.enabled)
        template.role_arn = params.get("provisioningRoleArn", template.role_arn)
        template.hook = None if params.get("removePreProvisioningHook") else hook or template.hook
        template.modified = self._store.now()
        return {}

    def delete(self, params: dict[str, Any]) -> dict[str, Any]:
        """With all its versions."""
        template = self._store.template(params["templateName"])
        del self._store.templates[template.name]
        self._store.tags.pop(template.arn, None)
        return {}

    def list(self, params: dict[str, Any]) -> dict[str, Any]:
        """By name."""
        page, more = next_page("ListProvisioningTemplates", params, self._store.templates.after)
        return {"templates": [_summary(template) for template in page], **more}

    def create_version(self, params: dict[str, Any]) -> dict[str, Any]:
        """At most five; numbers are never used again."""
        template = self._store.template(params["templateName"])
        parse(params["templateBody"], fleet=True)
        if len(template.versions) >= VERSIONS:
            raise refusals.versions_limit_exceeded(
                f"Provisioning template {template.name} already has {VERSIONS} versions, the most there may be"
            )
        template.last_version += 1
        version = TemplateVersion(id=template.last_version, body=params["templateBody"], created=self._store.now())
        template.versions[version.id] = version
        template.modified = version.created
        if params.get("setAsDefault"):
            template.default = version.id
        return {
            "templateArn": template.arn,
            "templateName": template.name,
            "versionId": version.id,
            "isDefaultVersion": template.default == version.id,
        }

    def describe_version(self, params: dict[str, Any]) -> dict[str, Any]:
        """One version with its body."""
        template = self._store.template(params["templateName"])
        version = _version(template, params["versionId"])
        return {**_version_summary(template, version), "templateBody": version.body}

    def delete_version(self, params: dict[str, Any]) -> dict[str, Any]:
        """Any but the default one."""
        template = self._store.template(params["templateName"])
        version = _version(template, params["versionId"])
        if version.id == template.default:
            raise refusals.delete_conflict(f"Version {version.id} is the default version of {template.name}")
        del template.versions[version.id]
        return {}

    def list_versions(self, params: dict[str, Any]) -> dict[str, Any]:
        """By number."""
        template = self._store.template(params["templateName"])
        page, more = next_page(
            "ListProvisioningTemplateVersions",
            params,
            lambda after: (
                (str(number), version) for number, version in template.versions.items() if number > int(after or 0)
            ),
        )
        return {"versions": [_version_summary(template, version) for version in page], **more}

    def claim(self, params: dict[str, Any]) -> dict[str, Any]:
        """A certificate with which a device may ask for its own; it is not in the registry and soon ends."""
        self._store.template(params["templateName"])
        keys, now = authority.make_keys(), self._store.now()
        name = authority.subject({"commonName": "AWS IoT Provisioning Claim"})
        pem = authority.sign(keys.key.public_key(), name, now=now)
        return {
            "certificateId": authority.fingerprint(authority.read_certificate(pem)),
            "certificatePem": pem,
            "keyPair": {"PublicKey": keys.public_pem, "PrivateKey": keys.private_pem},
            "expiration": now + CLAIM_LIFE,
        }


def _check_hook(kind: str, hook: dict[str, Any] | None) -> None:
    if hook is not None and kind != "FLEET_PROVISIONING":
        raise refusals.invalid(f"A template of type {kind} has no pre-provisioning hook")


def _version(template: ProvisioningTemplate, number: int) -> TemplateVersion:
    version = template.versions.get(number)
    if version is None:
        raise refusals.not_found(f"Version {number} of provisioning template {template.name} not found")
    return version


def _summary(template: ProvisioningTemplate) -> dict[str, Any]:
    described = {"description": template.description} if template.description is not None else {}
    return {
        "templateArn": template.arn,
        "templateName": template.name,
        "creationDate": template.created,
        "lastModifiedDate": template.modified,
        "enabled": template.enabled,
        "type": template.type,
        **described,
    }


def _version_summary(template: ProvisioningTemplate, version: TemplateVersion) -> dict[str, Any]:
    return {
        "versionId": version.id,
        "creationDate": version.created,
        "isDefaultVersion": version.id == template.default,
    }
