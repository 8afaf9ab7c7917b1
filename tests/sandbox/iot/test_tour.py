"""Every operation that the registry serves, called over HTTP by boto3 once at least, answers within its model."""

import json
from datetime import UTC, datetime
from typing import Any

from reconciler.sandbox.cdf.certificates import make_certificate
from reconciler.sandbox.iot.authority import authority
from reconciler.sandbox.testing import Sandbox

ROLE = "arn:aws:iam::123456789012:role/provisioning"
BODY = json.dumps({"Resources": {"thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "made"}}}})


def things(iot: Any) -> None:
    iot.create_thing_type(thingTypeName="type")
    iot.describe_thing_type(thingTypeName="type")
    iot.update_thing_type(thingTypeName="type", thingTypeProperties={"thingTypeDescription": "x"})
    iot.list_thing_types()
    iot.create_thing(thingName="thing", thingTypeName="type")
    iot.describe_thing(thingName="thing")
    iot.update_thing(thingName="thing", removeThingType=True)
    iot.list_things()
    iot.deprecate_thing_type(thingTypeName="type")


def groups(iot: Any) -> None:
    member = {"thingName": "thing", "thingGroupName": "group"}
    arn = iot.create_thing_group(thingGroupName="group")["thingGroupArn"]
    iot.describe_thing_group(thingGroupName="group")
    iot.update_thing_group(thingGroupName="group", thingGroupProperties={})
    iot.list_thing_groups()
    iot.add_thing_to_thing_group(**member)
    iot.list_things_in_thing_group(thingGroupName="group")
    iot.list_thing_groups_for_thing(thingName="thing")
    iot.update_thing_groups_for_thing(thingName="thing", thingGroupsToAdd=["group"])
    iot.remove_thing_from_thing_group(**member)
    iot.tag_resource(resourceArn=arn, tags=[{"Key": "a", "Value": "b"}])
    iot.list_tags_for_resource(resourceArn=arn)
    iot.untag_resource(resourceArn=arn, tagKeys=["a"])
    iot.delete_thing_group(thingGroupName="group")


def billing(iot: Any) -> None:
    member = {"thingName": "thing", "billingGroupName": "bill"}
    iot.create_billing_group(billingGroupName="bill")
    iot.describe_billing_group(billingGroupName="bill")
    iot.update_billing_group(billingGroupName="bill", billingGroupProperties={})
    iot.list_billing_groups()
    iot.add_thing_to_billing_group(**member)
    iot.list_things_in_billing_group(billingGroupName="bill")
    iot.remove_thing_from_billing_group(**member)
    iot.delete_billing_group(billingGroupName="bill")


def certificates(iot: Any, csr: str) -> str:
    """Answers with the ARN of a certificate that stays."""
    kept = iot.create_certificate_from_csr(certificateSigningRequest=csr)["certificateArn"]
    first = iot.create_keys_and_certificate()["certificateId"]
    made = [make_certificate({"commonName": "x"}, now=datetime(2026, 11, 20, tzinfo=UTC)).pem for _ in range(2)]
    iot.register_certificate(certificatePem=made[0])
    iot.register_certificate_without_ca(certificatePem=made[1])
    iot.describe_certificate(certificateId=first)
    iot.list_certificates()
    iot.update_certificate(certificateId=first, newStatus="REVOKED")
    iot.delete_certificate(certificateId=first)
    iot.get_registration_code()
    iot.delete_registration_code()
    ca = iot.register_ca_certificate(caCertificate=authority().pem, certificateMode="SNI_ONLY")["certificateId"]
    iot.describe_ca_certificate(certificateId=ca)
    iot.list_ca_certificates()
    iot.list_certificates_by_ca(caCertificateId=ca)
    iot.update_ca_certificate(certificateId=ca, newAutoRegistrationStatus="ENABLE")
    iot.delete_ca_certificate(certificateId=ca)
    return str(kept)


def principals(iot: Any, arn: str) -> None:
    iot.attach_thing_principal(thingName="thing", principal=arn)
    iot.list_thing_principals(thingName="thing")
    iot.list_thing_principals_v2(thingName="thing")
    iot.list_principal_things(principal=arn)
    iot.list_principal_things_v2(principal=arn)
    iot.detach_thing_principal(thingName="thing", principal=arn)


def policies(iot: Any, arn: str, document: str) -> None:
    version = {"policyName": "policy", "policyVersionId": "1"}
    iot.create_policy(policyName="policy", policyDocument=document)
    iot.get_policy(policyName="policy")
    iot.list_policies()
    iot.create_policy_version(policyName="policy", policyDocument=document, setAsDefault=True)
    iot.get_policy_version(**version)
    iot.list_policy_versions(policyName="policy")
    iot.set_default_policy_version(policyName="policy", policyVersionId="2")
    iot.delete_policy_version(**version)
    iot.attach_policy(policyName="policy", target=arn)
    iot.list_attached_policies(target=arn)
    iot.list_targets_for_policy(policyName="policy")
    iot.detach_policy(policyName="policy", target=arn)
    iot.attach_principal_policy(policyName="policy", principal=arn)
    iot.list_principal_policies(principal=arn)
    iot.list_policy_principals(policyName="policy")
    iot.detach_principal_policy(policyName="policy", principal=arn)
    iot.delete_policy(policyName="policy")


def templates(iot: Any) -> None:
    version = {"templateName": "template", "versionId": 2}
    iot.create_provisioning_template(templateName="template", templateBody=BODY, provisioningRoleArn=ROLE)
    iot.describe_provisioning_template(templateName="template")
    iot.update_provisioning_template(templateName="template", enabled=True)
    iot.list_provisioning_templates()
    iot.create_provisioning_template_version(templateName="template", templateBody=BODY)
    iot.describe_provisioning_template_version(**version)
    iot.list_provisioning_template_versions(templateName="template")
    iot.delete_provisioning_template_version(**version)
    iot.create_provisioning_claim(templateName="template")
    iot.delete_provisioning_template(templateName="template")
    iot.register_thing(templateBody=BODY)


def jobs(aws: Sandbox, iot: Any) -> None:
    target = iot.create_thing(thingName="core")["thingArn"]
    job = {"jobId": aws.client("greengrassv2").create_deployment(targetArn=target)["iotJobId"]}
    iot.describe_job(**job)
    iot.get_job_document(**job)
    iot.list_jobs()
    iot.list_job_executions_for_job(**job)
    iot.list_job_executions_for_thing(thingName="core")
    iot.describe_job_execution(**job, thingName="core")
    iot.cancel_job(**job)


def index(iot: Any) -> None:
    iot.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "REGISTRY"})
    iot.get_indexing_configuration()
    iot.search_index(queryString="*")


def test_every_operation_answers_within_its_model(aws: Sandbox, iot: Any, csr: str, document: str) -> None:
    things(iot)
    groups(iot)
    billing(iot)
    arn = certificates(iot, csr)
    principals(iot, arn)
    policies(iot, arn, document)
    templates(iot)
    jobs(aws, iot)
    index(iot)
    iot.describe_endpoint()
    aws.advance(300)
    iot.delete_thing_type(thingTypeName="type")
    iot.delete_thing(thingName="thing")
    called = {name.removeprefix("iot:") for name in aws.counts() if name.startswith("iot:")}
    assert called == set(aws.world.iot_in(aws.region).handlers)
