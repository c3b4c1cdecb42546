-- Makes the two roles and the database of Wellspring on a PostgreSQL server, version 15 or later.
-- Run once, as a superuser, by psql 14 or later, with both passwords in the environment:
--   OWNER_PASSWORD=... APP_PASSWORD=... psql --file create-roles.sql postgres
\set ON_ERROR_STOP on
\getenv owner_password OWNER_PASSWORD
\getenv app_password APP_PASSWORD

-- Owns the schema and migrates it; makes the databases of test books (docs/test-mode.md).
CREATE ROLE wellspring_owner LOGIN NOSUPERUSER CREATEDB NOCREATEROLE PASSWORD :'owner_password';
-- Does all the work; owns nothing, so it cannot take the refusals of the schema away.
CREATE ROLE wellspring_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'app_password';

CREATE DATABASE wellspring OWNER wellspring_owner TEMPLATE template0 ENCODING 'UTF8';
