"""Serves moto on a free port until standard input ends; prints where, and what there is.

moto keeps each account's things apart as AWS does, so what the tests need to find is made
in the account of the role that they assume."""

import json
import logging
import sys

import boto3
from moto.server import ThreadedMotoServer

REGION = "eu-west-3"
ROLE = "arn:aws:iam::222233334444:role/deploycenter"
DNS_ROLE = "arn:aws:iam::444455556666:role/deploycenter-dns"


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"

    def client(service, role):
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        place = {"endpoint_url": endpoint, "region_name": REGION}
        sts = boto3.client("sts", **keys, **place)
        session = sts.assume_role(RoleArn=role, RoleSessionName="contract")["Credentials"]
        return boto3.client(
            service,
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
            **place,
        )

    ec2 = client("ec2", ROLE)
    subnets = sorted(ec2.describe_subnets()["Subnets"], key=lambda one: one["AvailabilityZone"])
    vpc = subnets[0]["VpcId"]
    groups = [
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"]
        for name in ("one", "two")
    ]
    zone = client("route53", DNS_ROLE).create_hosted_zone(
        Name="apps.example.com", CallerReference="contract"
    )["HostedZone"]["Id"]
    world = {
        "endpoint": endpoint,
        "region": REGION,
        "role": ROLE,
        "dnsRole": DNS_ROLE,
        "subnets": [one["SubnetId"] for one in subnets[:2]],
        "groups": sorted(groups),
        "zone": zone.removeprefix("/hostedzone/"),
    }
    print(json.dumps(world), flush=True)
    sys.stdin.read()
    server.stop()


main()
