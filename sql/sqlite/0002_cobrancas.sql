-- The same as in ../mysql.

ALTER TABLE pedidos ADD COLUMN meio_pagamento TEXT;
ALTER TABLE pedidos ADD COLUMN datahora_expiracao TEXT;
ALTER TABLE pedidos ADD COLUMN valor_reembolsado TEXT NOT NULL DEFAULT '0.00';

ALTER TABLE eventos ADD COLUMN detalhe TEXT;

CREATE TABLE cobrancas (
  pedido            INTEGER PRIMARY KEY REFERENCES pedidos (id),
  valor             TEXT    NOT NULL,
  validade          INTEGER NOT NULL,
  situacao          INTEGER NOT NULL DEFAULT 0,
  id_externo        TEXT UNIQUE,
  reembolsado       TEXT    NOT NULL DEFAULT '0.00',
  reembolso_alvo    TEXT,
  manual            INTEGER NOT NULL DEFAULT 0,
  operacao          INTEGER,
  chave             TEXT,
  tentativas        INTEGER NOT NULL DEFAULT 0,
  proxima_em        TEXT,
  pendencia         TEXT,
  pendente_desde    TEXT,
  versao            INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX cobrancas_devidas ON cobrancas (proxima_em);
CREATE INDEX cobrancas_pendentes ON cobrancas (pendente_desde);

CREATE TABLE notificacoes (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  topico      TEXT    NOT NULL,
  id_externo  TEXT    NOT NULL,
  recebida_em TEXT    NOT NULL,
  vezes       INTEGER NOT NULL DEFAULT 1,
  tentativas  INTEGER NOT NULL DEFAULT 0,
  proxima_em  TEXT,
  veredito    TEXT,
  UNIQUE (topico, id_externo)
) STRICT;
CREATE INDEX notificacoes_devidas ON notificacoes (proxima_em);
