-- The same tables as in ../mysql. SQLite has no decimal and no date: money and times are kept as the text that MySQL
-- takes and gives for DECIMAL and DATETIME, so that one set of queries serves both and no binary float comes between.

CREATE TABLE categoria_produto (
  id   INTEGER PRIMARY KEY,
  nome TEXT NOT NULL
) STRICT;

CREATE TABLE produtos (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  nome      TEXT    NOT NULL,
  categoria INTEGER NOT NULL REFERENCES categoria_produto (id),
  valor     TEXT    NOT NULL,
  descricao TEXT,
  ativo     INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX produtos_cardapio ON produtos (ativo, categoria, id);

CREATE TABLE clientes (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  cpf             TEXT UNIQUE,
  nome            TEXT,
  username        TEXT,
  email           TEXT UNIQUE,
  telefone        TEXT,
  hashed_password TEXT,
  ativo           INTEGER NOT NULL DEFAULT 1,
  apagado_em      TEXT
) STRICT;

CREATE TABLE pedidos (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  senha               INTEGER,
  dia                 TEXT,
  cliente             INTEGER REFERENCES clientes (id),
  status_pedido       INTEGER NOT NULL DEFAULT 1,
  datahora_recebido   TEXT    NOT NULL DEFAULT CURRENT_TIMESTAMP,
  datahora_preparacao TEXT,
  datahora_pronto     TEXT,
  datahora_finalizado TEXT,
  status_pagamento    INTEGER NOT NULL DEFAULT 1,
  id_pagamento        TEXT,
  qr_data             TEXT,
  versao              INTEGER NOT NULL DEFAULT 1,
  UNIQUE (dia, senha)
) STRICT;
CREATE INDEX pedidos_da_cozinha ON pedidos (status_pedido, datahora_recebido, id);
CREATE INDEX pedidos_do_cliente ON pedidos (cliente, datahora_recebido, id);
CREATE INDEX pedidos_do_pagamento ON pedidos (id_pagamento);

CREATE TABLE itens (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  pedido     INTEGER NOT NULL REFERENCES pedidos (id),
  produto    INTEGER REFERENCES produtos (id),
  nome       TEXT    NOT NULL DEFAULT '',
  quantidade INTEGER NOT NULL,
  valor      TEXT    NOT NULL,
  descricao  TEXT
) STRICT;
CREATE INDEX itens_do_pedido ON itens (pedido, id);
CREATE INDEX itens_do_produto ON itens (produto);

CREATE TABLE eventos (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  pedido   INTEGER NOT NULL REFERENCES pedidos (id),
  tipo     TEXT    NOT NULL,
  de       INTEGER,
  para     INTEGER,
  datahora TEXT    NOT NULL
) STRICT;
CREATE INDEX eventos_do_pedido ON eventos (pedido, id);

CREATE TABLE senhas (
  dia    TEXT PRIMARY KEY,
  ultima INTEGER NOT NULL
) STRICT;

CREATE TABLE idempotencia (
  chave     TEXT PRIMARY KEY,
  corpo     TEXT NOT NULL,
  resposta  TEXT,
  criada_em TEXT NOT NULL
) STRICT;
CREATE INDEX idempotencia_idade ON idempotencia (criada_em);

INSERT INTO categoria_produto (id, nome) VALUES
  (1, 'Lanche'), (2, 'Acompanhamento'), (3, 'Bebida'), (4, 'Sobremesa');
