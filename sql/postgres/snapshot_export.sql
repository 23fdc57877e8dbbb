-- The name of this transaction's snapshot; good while the transaction is open, which delays vacuum.
SELECT pg_catalog.pg_export_snapshot();
