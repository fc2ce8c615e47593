-- The same as in ../mysql.

ALTER TABLE produtos ADD COLUMN esgotado_ate TEXT;
