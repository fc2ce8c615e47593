-- The same as in ../mysql.

ALTER TABLE restaurante ADD COLUMN cnpj TEXT;
ALTER TABLE restaurante ADD COLUMN endereco TEXT;
ALTER TABLE restaurante ADD COLUMN telefone TEXT;
ALTER TABLE restaurante ADD COLUMN logo TEXT;
ALTER TABLE restaurante ADD COLUMN cor_primaria TEXT;
ALTER TABLE restaurante ADD COLUMN cor_secundaria TEXT;

ALTER TABLE clientes ADD COLUMN criado_em TEXT;
