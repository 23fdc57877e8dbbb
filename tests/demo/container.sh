#!/usr/bin/env bash
# Run once by the container of docker-compose.yml: the roles, the database and the raw data of the demo.
set -euo pipefail

psql -q -v ON_ERROR_STOP=1 -U postgres <<'SQL'
CREATE ROLE prod_owner LOGIN;
CREATE ROLE ci LOGIN;
CREATE DATABASE spoke OWNER prod_owner;
SQL
psql -q -1 -v ON_ERROR_STOP=1 -U prod_owner -d spoke -f "${SPOKE_RAW:-/spoke/raw.sql}"
