-- The tables of the original, with what Ambrosia adds to them. Times are UTC, money is DECIMAL, a state is its number
-- on the wire. A unique key is named after its table and columns: the code tells by that name which rule was broken. Foreign keys have no names, so that they cannot meet those of the original.

CREATE TABLE IF NOT EXISTS categoria_produto (
  id   INT          NOT NULL PRIMARY KEY,
  nome VARCHAR(100) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS produtos (
  id        INT           NOT NULL AUTO_INCREMENT PRIMARY KEY,
  nome      VARCHAR(255)  NOT NULL,
  categoria INT           NOT NULL,
  valor     DECIMAL(7,2)  NOT NULL,
  descricao TEXT          NULL,
  ativo     TINYINT       NOT NULL DEFAULT 1,
  KEY produtos_cardapio (ativo, categoria, id),
  FOREIGN KEY (categoria) REFERENCES categoria_produto (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- hashed_password is the original's; nothing here reads or writes it. A row with apagado_em holds no personal data
-- any more and stays only because orders point at it.
CREATE TABLE IF NOT EXISTS clientes (
  id              INT          NOT NULL AUTO_INCREMENT PRIMARY KEY,
  cpf             VARCHAR(64)  COLLATE utf8mb4_bin NULL,
  nome            VARCHAR(255) NULL,
  username        VARCHAR(255) NULL,
  email           VARCHAR(255) COLLATE utf8mb4_bin NULL,
  telefone        VARCHAR(64)  NULL,
  hashed_password VARCHAR(255) NULL,
  ativo           TINYINT      NOT NULL DEFAULT 1,
  apagado_em      DATETIME     NULL,
  UNIQUE KEY clientes_cpf (cpf),
  UNIQUE KEY clientes_email (email)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

CREATE TABLE IF NOT EXISTS pedidos (
  id                  INT          NOT NULL AUTO_INCREMENT PRIMARY KEY,
  senha               INT          NULL,
  dia                 DATE         NULL,
  cliente             INT          NULL,
  status_pedido       INT          NOT NULL DEFAULT 1,
  datahora_recebido   DATETIME     NOT NULL DEFAULT CURRENT_TIMESTAMP,
  datahora_preparacao DATETIME     NULL,
  datahora_pronto     DATETIME     NULL,
  datahora_finalizado DATETIME     NULL,
  status_pagamento    INT          NOT NULL DEFAULT 1,
  id_pagamento        VARCHAR(255) NULL,
  qr_data             TEXT         NULL,
  versao              INT          NOT NULL DEFAULT 1,
  UNIQUE KEY pedidos_dia_senha (dia, senha),
  KEY pedidos_da_cozinha (status_pedido, datahora_recebido, id),
  KEY pedidos_do_cliente (cliente, datahora_recebido, id),
  KEY pedidos_do_pagamento (id_pagamento),
  FOREIGN KEY (cliente) REFERENCES clientes (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- A line has a key of its own, so that a product may come twice with different notes; nome and valor are frozen.
CREATE TABLE IF NOT EXISTS itens (
  id         BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  pedido     INT          NOT NULL,
  produto    INT          NULL,
  nome       VARCHAR(255) NOT NULL DEFAULT '',
  quantidade INT          NOT NULL,
  valor      DECIMAL(7,2) NOT NULL,
  descricao  TEXT         NULL,
  KEY itens_do_pedido (pedido, id),
  FOREIGN KEY (pedido) REFERENCES pedidos (id),
  FOREIGN KEY (produto) REFERENCES produtos (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- What happened to an order, in the order in which it happened. Rows are only ever added.
CREATE TABLE IF NOT EXISTS eventos (
  id       BIGINT      NOT NULL AUTO_INCREMENT PRIMARY KEY,
  pedido   INT         NOT NULL,
  tipo     VARCHAR(20) NOT NULL,
  de       INT         NULL,
  para     INT         NULL,
  datahora DATETIME    NOT NULL,
  KEY eventos_do_pedido (pedido, id),
  FOREIGN KEY (pedido) REFERENCES pedidos (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- The last number called on each business day.
CREATE TABLE IF NOT EXISTS senhas (
  dia    DATE NOT NULL PRIMARY KEY,
  ultima INT  NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- The answer that was given to a checkout with an Idempotency-Key, to be given again.
CREATE TABLE IF NOT EXISTS idempotencia (
  chave     VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  corpo     CHAR(64)     CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  resposta  MEDIUMTEXT   NULL,
  criada_em DATETIME     NOT NULL,
  KEY idempotencia_idade (criada_em)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

INSERT IGNORE INTO categoria_produto (id, nome) VALUES
  (1, 'Lanche'), (2, 'Acompanhamento'), (3, 'Bebida'), (4, 'Sobremesa');
