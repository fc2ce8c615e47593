-- What a restaurant says of itself, and since when a customer is registered. Every statement may be run again.

-- `cnpj` without punctuation: twelve digits or capital letters, and two check digits.
SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE restaurante ADD COLUMN cnpj CHAR(14) CHARACTER SET ascii COLLATE ascii_bin NULL, ADD COLUMN endereco VARCHAR(200) NULL, ADD COLUMN telefone VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NULL, ADD COLUMN logo VARCHAR(500) CHARACTER SET ascii COLLATE ascii_bin NULL, ADD COLUMN cor_primaria CHAR(7) CHARACTER SET ascii COLLATE ascii_bin NULL, ADD COLUMN cor_secundaria CHAR(7) CHARACTER SET ascii COLLATE ascii_bin NULL', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'restaurante' AND column_name = 'cnpj');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;

-- NULL for those who were registered before this column was there: nobody knows when.
SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE clientes ADD COLUMN criado_em DATETIME NULL', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'clientes' AND column_name = 'criado_em');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;
