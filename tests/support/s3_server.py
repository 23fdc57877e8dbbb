"""An S3 server on loopback for the tests: moto's, which checks signatures and rights with botocore. One request at a
time, so that its conditional writes are atomic as those of S3 are. Prints one line of JSON, {endpoint, key, secret,
reader_key, reader_secret}, and serves the buckets `acme` and `acme-dbt` until its standard input ends."""

import json
import logging
import os
import sys
import threading

from moto import settings
from moto.core import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import make_server

BUCKETS = "acme", "acme-dbt"


def user(name, actions):
    iam = iam_backends[DEFAULT_ACCOUNT_ID]["aws"]
    iam.create_user("us-east-1", name)
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": [f"s3:{a}" for a in actions], "Resource": ["arn:aws:s3:::acme/dbt/*", "arn:aws:s3:::acme-dbt/prod/*"]},
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": [f"arn:aws:s3:::{b}" for b in BUCKETS]}]}
    iam.put_user_policy(name, "store", json.dumps(policy))
    key = iam.create_access_key(name)
    return key.access_key_id, key.secret_access_key


def main():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    for bucket in BUCKETS:
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].create_bucket(bucket, "us-east-1")
    key, secret = user("production", ["GetObject", "PutObject", "DeleteObject"])
    reader_key, reader_secret = user("reader", ["GetObject"])
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=False)
    print(json.dumps({"endpoint": f"http://127.0.0.1:{server.server_port}", "key": key, "secret": secret,
                      "reader_key": reader_key, "reader_secret": reader_secret}), flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
