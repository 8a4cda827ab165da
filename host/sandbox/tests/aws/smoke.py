"""Makes, lists and removes one of everything with boto3, as a person would, through assumed roles."""

import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

REGION = "us-west-2"
ZONE = "Z04444444APPSEXAMPLE"
CONFIG = Config(retries={"mode": "standard", "max_attempts": 8}, parameter_validation=True)


def session(role):
    given = boto3.client("sts", config=CONFIG).assume_role(RoleArn=role, RoleSessionName="smoke")["Credentials"]
    return boto3.Session(
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
        region_name=REGION,
    )


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        assert error.response["Error"]["Message"], error.response
        return error
    raise AssertionError(f"{code} was expected")


def until(what, seconds=10):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "took too long"
        time.sleep(0.05)


def efs(deploy, everyone):
    client = deploy.client("efs", config=CONFIG)
    made = client.create_file_system(
        CreationToken="smoke", Encrypted=True, ThroughputMode="elastic", Tags=[{"Key": "Name", "Value": "smoke"}]
    )
    fs = made["FileSystemId"]
    assert made["LifeCycleState"] == "creating" and made["Name"] == "smoke", made
    again = refused("FileSystemAlreadyExists", client.create_file_system, CreationToken="smoke")
    assert again.response["FileSystemId"] == fs, again.response
    assert isinstance(again, client.exceptions.FileSystemAlreadyExists), type(again)
    until(lambda: client.describe_file_systems(FileSystemId=fs)["FileSystems"][0]["LifeCycleState"] == "available")
    target = client.create_mount_target(
        FileSystemId=fs, SubnetId="subnet-0a10000000000a", SecurityGroups=["sg-0a10000000000e"]
    )["MountTargetId"]
    groups = client.describe_mount_target_security_groups(MountTargetId=target)["SecurityGroups"]
    assert groups == ["sg-0a10000000000e"], groups
    point = client.create_access_point(
        ClientToken="smoke",
        FileSystemId=fs,
        PosixUser={"Uid": 2000, "Gid": 2000},
        RootDirectory={"Path": "/d", "CreationInfo": {"OwnerUid": 2000, "OwnerGid": 2000, "Permissions": "0750"}},
    )["AccessPointId"]
    client.tag_resource(ResourceId=point, Tags=[{"Key": "who", "Value": "smoke"}])
    assert client.list_tags_for_resource(ResourceId=point)["Tags"] == [{"Key": "who", "Value": "smoke"}]
    client.untag_resource(ResourceId=point, TagKeys=["who"])
    until(lambda: client.describe_mount_targets(MountTargetId=target)["MountTargets"][0]["LifeCycleState"] == "available")

    looking = everyone.client("efs", config=CONFIG)
    pages = looking.get_paginator("describe_file_systems").paginate(PaginationConfig={"PageSize": 1})
    seen = [entry["FileSystemId"] for page in pages for entry in page["FileSystems"]]
    assert sorted(seen) == sorted([fs, "fs-0a1000000000005e2"]), seen
    points = looking.get_paginator("describe_access_points").paginate(PaginationConfig={"PageSize": 1})
    assert [p["AccessPointId"] for page in points for p in page["AccessPoints"]] == [point]
    refused("AccessDeniedException", looking.delete_access_point, AccessPointId=point)

    client.delete_access_point(AccessPointId=point)
    refused("FileSystemInUse", client.delete_file_system, FileSystemId=fs)
    client.delete_mount_target(MountTargetId=target)
    until(lambda: not client.describe_mount_targets(FileSystemId=fs)["MountTargets"])
    client.delete_file_system(FileSystemId=fs)
    until(lambda: len(client.describe_file_systems()["FileSystems"]) == 1)
    refused("FileSystemNotFound", client.describe_file_systems, FileSystemId=fs)


def route53(dns, everyone):
    client = dns.client("route53", config=CONFIG)
    record = {
        "Name": "a.apps.example.com",
        "Type": "A",
        "SetIdentifier": "smoke",
        "Weight": 10,
        "AliasTarget": {
            "HostedZoneId": "Z18D5FSROUN65G",
            "DNSName": "lb.example.com",
            "EvaluateTargetHealth": True,
        },
    }

    def change(action, **fields):
        changes = [{"Action": action, "ResourceRecordSet": record | fields}]
        return client.change_resource_record_sets(
            HostedZoneId=f"/hostedzone/{ZONE}", ChangeBatch={"Comment": "smoke", "Changes": changes}
        )["ChangeInfo"]

    made = change("CREATE")
    assert made["Status"] == "PENDING" and made["SubmittedAt"].year > 2000, made
    client.get_waiter("resource_record_sets_changed").wait(Id=made["Id"], WaiterConfig={"Delay": 1, "MaxAttempts": 5})
    refused("InvalidChangeBatch", change, action="CREATE")
    refused("InvalidChangeBatch", change, action="DELETE", Weight=11)
    pages = everyone.client("route53", config=CONFIG).get_paginator("list_resource_record_sets")
    listed = [
        entry
        for page in pages.paginate(HostedZoneId=ZONE, PaginationConfig={"PageSize": 1})
        for entry in page["ResourceRecordSets"]
    ]
    assert [entry["Type"] for entry in listed] == ["NS", "SOA", "A"], listed
    assert listed[2] == record | {
        "Name": "a.apps.example.com.",
        "AliasTarget": record["AliasTarget"] | {"DNSName": "lb.example.com."},
    }, listed[2]
    change("DELETE")
    zones = client.list_hosted_zones()["HostedZones"]
    assert [zone["ResourceRecordSetCount"] for zone in zones] == [2], zones
    assert len(client.get_hosted_zone(Id=ZONE)["DelegationSet"]["NameServers"]) == 4
    refused("NoSuchHostedZone", client.get_hosted_zone, Id="ZNONE")


def secrets(deploy, everyone):
    client = deploy.client("secretsmanager", config=CONFIG)
    made = client.create_secret(Name="acme/smoke", SecretString="one", Tags=[{"Key": "who", "Value": "smoke"}])
    client.put_secret_value(SecretId=made["ARN"], SecretBinary=b"\x00two")
    assert client.get_secret_value(SecretId="acme/smoke")["SecretBinary"] == b"\x00two"
    assert client.get_secret_value(SecretId="acme/smoke", VersionStage="AWSPREVIOUS")["SecretString"] == "one"
    described = client.describe_secret(SecretId="acme/smoke")
    assert described["CreatedDate"].year > 2000 and described["Tags"][0]["Key"] == "who", described
    refused("ResourceExistsException", client.create_secret, Name="acme/smoke", SecretString="x")
    looking = everyone.client("secretsmanager", config=CONFIG)
    listed = looking.list_secrets(Filters=[{"Key": "tag-key", "Values": ["who"]}])["SecretList"]
    assert [entry["Name"] for entry in listed] == ["acme/smoke"], listed
    refused("AccessDeniedException", looking.delete_secret, SecretId="acme/smoke")
    assert len(client.get_random_password(PasswordLength=20)["RandomPassword"]) == 20
    client.delete_secret(SecretId="acme/smoke")
    refused("InvalidRequestException", client.get_secret_value, SecretId="acme/smoke")
    client.restore_secret(SecretId="acme/smoke")
    client.delete_secret(SecretId="acme/smoke", ForceDeleteWithoutRecovery=True)
    refused("ResourceNotFoundException", client.describe_secret, SecretId="acme/smoke")


def main():
    everyone = boto3.Session(region_name=REGION)
    assert everyone.client("sts", config=CONFIG).get_caller_identity()["Account"] == "000000000000"
    refused(
        "AccessDenied",
        everyone.client("sts", config=CONFIG).assume_role,
        RoleArn="arn:aws:iam::111122223333:role/unknown",
        RoleSessionName="smoke",
    )
    deploy = session("arn:aws:iam::111122223333:role/deploycenter")
    assert deploy.client("sts", config=CONFIG).get_caller_identity()["Account"] == "111122223333"
    efs(deploy, everyone)
    route53(session("arn:aws:iam::444455556666:role/deploycenter-dns"), everyone)
    secrets(deploy, everyone)
    print("all as with AWS")


main()
