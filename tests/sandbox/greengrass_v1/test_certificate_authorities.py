from typing import Any

from cryptography import x509

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def test_authority_is_made_read_and_rotated(gg: Any, refused: Any) -> None:
    group_id = gg.create_group(Name="g")["Id"]
    assert gg.list_group_certificate_authorities(GroupId=group_id)["GroupCertificateAuthorities"] == []
    arn = gg.create_group_certificate_authority(GroupId=group_id)["GroupCertificateAuthorityArn"]
    (listed,) = gg.list_group_certificate_authorities(GroupId=group_id)["GroupCertificateAuthorities"]
    assert listed["GroupCertificateAuthorityArn"] == arn
    first = listed["GroupCertificateAuthorityId"]
    found = gg.get_group_certificate_authority(GroupId=group_id, CertificateAuthorityId=first)
    certificate = x509.load_pem_x509_certificate(found["PemEncodedCertificate"].encode())
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert gg.create_group_certificate_authority(GroupId=group_id)["GroupCertificateAuthorityArn"] != arn
    assert len(gg.list_group_certificate_authorities(GroupId=group_id)["GroupCertificateAuthorities"]) == 1
    assert refused(gg.get_group_certificate_authority, GroupId=group_id, CertificateAuthorityId=first)[0] == 404


def test_expiry_round_trips(gg: Any, refused: Any) -> None:
    group_id = gg.create_group(Name="g")["Id"]
    assert gg.get_group_certificate_configuration(GroupId=group_id)["CertificateExpiryInMilliseconds"] == "604800000"
    gg.update_group_certificate_configuration(GroupId=group_id, CertificateExpiryInMilliseconds="2592000000")
    found = gg.get_group_certificate_configuration(GroupId=group_id)
    assert (found["CertificateExpiryInMilliseconds"], found["GroupId"]) == ("2592000000", group_id)
    for expiry in ("0", "2592000001", "week", "-1"):
        status, _, _ = refused(
            gg.update_group_certificate_configuration, GroupId=group_id, CertificateExpiryInMilliseconds=expiry
        )
        assert status == 400


def test_unknown_group(gg: Any, refused: Any) -> None:
    for call in (
        gg.create_group_certificate_authority,
        gg.list_group_certificate_authorities,
        gg.get_group_certificate_configuration,
        gg.update_group_certificate_configuration,
    ):
        assert refused(call, GroupId=UNKNOWN)[0] == 404
