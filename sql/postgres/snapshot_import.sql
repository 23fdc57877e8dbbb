-- Directly after begin_repeatable: this transaction sees what the exporting one sees.
SET TRANSACTION SNAPSHOT :'snapshot';
