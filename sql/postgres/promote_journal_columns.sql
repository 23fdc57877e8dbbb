-- What a journal of an older version lacks. Its rows are of an unknown database then: they are kept, and nothing goes by them.
ALTER TABLE :"journal".generation ADD COLUMN IF NOT EXISTS origin text, ADD COLUMN IF NOT EXISTS production text;
