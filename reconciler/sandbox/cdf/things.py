"""What CDF Provisioning does with a thing that is there: describe, delete, switch its certificates."""

import json
from collections.abc import Callable
from typing import Any

Call = Callable[[str, dict[str, Any]], dict[str, Any]]

_PAGE = 250


def describe_thing(call: Call, thing_name: str) -> dict[str, Any]:
    """The thing with its certificates, their policies, and its groups; raises ServiceError where it is not there.

    As CDF answers it: every status that is not ACTIVE reads INACTIVE, and groups' attributes are always empty.
    """
    thing = call("DescribeThing", {"thingName": thing_name})
    certificates, policies = [], dict[str, None]()
    for principal in _certificates(call, thing_name):
        certificate = call("DescribeCertificate", {"certificateId": _id(principal)})["certificateDescription"]
        certificates.append(
            {
                "certificateId": certificate["certificateId"],
                "arn": certificate["certificateArn"],
                "certificateStatus": "ACTIVE" if certificate["status"] == "ACTIVE" else "INACTIVE",
                "certificatePem": certificate["certificatePem"],
            }
        )
        attached = call("ListPrincipalPolicies", {"principal": principal, "pageSize": _PAGE})["policies"]
        policies.update(dict.fromkeys(policy["policyName"] for policy in attached))
    groups = call("ListThingGroupsForThing", {"thingName": thing_name, "maxResults": _PAGE})["thingGroups"]
    return {
        "thingName": thing_name,
        "arn": thing["thingArn"],
        "attributes": thing["attributes"],
        "certificates": certificates,
        "policies": [_policy(call, name) for name in policies],
        "groups": [{"groupName": group["groupName"], "arn": group["groupArn"], "attributes": {}} for group in groups],
    }


def delete_thing(call: Call, thing_name: str) -> None:
    """Detach its principals and delete it; certificates and policies stay, as CDF's defaults have it.

    Raises ServiceError where it is not there.
    """
    for principal in _principals(call, thing_name):
        call("DetachThingPrincipal", {"thingName": thing_name, "principal": principal})
    call("DeleteThing", {"thingName": thing_name})


def switch_certificates(call: Call, thing_name: str, status: str) -> None:
    """Give all certificates of a thing a status; raises ServiceError where thing or status is none."""
    for principal in _certificates(call, thing_name):
        call("UpdateCertificate", {"certificateId": _id(principal), "newStatus": status})


def _principals(call: Call, thing_name: str) -> list[str]:
    answer = call("ListThingPrincipals", {"thingName": thing_name, "maxResults": _PAGE})
    return [str(principal) for principal in answer["principals"]]


def _certificates(call: Call, thing_name: str) -> list[str]:
    return [principal for principal in _principals(call, thing_name) if ":cert/" in principal]


def _id(principal: str) -> str:
    return principal.rpartition("/")[2]


def _policy(call: Call, name: str) -> dict[str, Any]:
    policy = call("GetPolicy", {"policyName": name})
    return {
        "policyName": name,
        "arn": policy["policyArn"],
        "policyDocument": json.loads(policy["policyDocument"]),
    }
