-- The same as in ../mysql.

ALTER TABLE pedidos ADD COLUMN local TEXT;
ALTER TABLE pedidos ADD COLUMN mesa TEXT;
