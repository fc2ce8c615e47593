-- Payment by a real provider. A column that is there already is left alone, since this script may be run again.

SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE pedidos ADD COLUMN meio_pagamento VARCHAR(20) NULL, ADD COLUMN datahora_expiracao DATETIME NULL, ADD COLUMN valor_reembolsado DECIMAL(14,2) NOT NULL DEFAULT 0', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'pedidos' AND column_name = 'datahora_expiracao');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
SET @alterar = (SELECT IF(COUNT(*) = 0, 'ALTER TABLE eventos ADD COLUMN detalhe VARCHAR(500) NULL', 'DO 0')
  FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = 'eventos' AND column_name = 'detalhe');
PREPARE alterar FROM @alterar;
EXECUTE alterar;
DEALLOCATE PREPARE alterar;

-- What the provider was asked to collect for an order, and what is known of it. `operacao` is what it is being asked
-- and `chave` the key of that question, the same in every repetition. At `proxima_em` the next step is due; whoever
-- takes it puts that moment off first, so that one process of many does.
CREATE TABLE IF NOT EXISTS cobrancas (
  pedido            INT           NOT NULL PRIMARY KEY,
  valor             DECIMAL(14,2) NOT NULL,
  validade          INT           NOT NULL,
  situacao          INT           NOT NULL DEFAULT 0,
  id_externo        VARCHAR(64)   CHARACTER SET ascii COLLATE ascii_bin NULL,
  reembolsado       DECIMAL(14,2) NOT NULL DEFAULT 0,
  reembolso_alvo    DECIMAL(14,2) NULL,
  manual            TINYINT       NOT NULL DEFAULT 0,
  operacao          INT           NULL,
  chave             CHAR(36)      CHARACTER SET ascii COLLATE ascii_bin NULL,
  tentativas        INT           NOT NULL DEFAULT 0,
  proxima_em        DATETIME      NULL,
  pendencia         VARCHAR(500)  NULL,
  pendente_desde    DATETIME      NULL,
  versao            INT           NOT NULL DEFAULT 1,
  UNIQUE KEY cobrancas_id_externo (id_externo),
  KEY cobrancas_devidas (proxima_em),
  KEY cobrancas_pendentes (pendente_desde),
  FOREIGN KEY (pedido) REFERENCES pedidos (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

-- Notifications that do not say by themselves which order they are about.
CREATE TABLE IF NOT EXISTS notificacoes (
  id          BIGINT       NOT NULL AUTO_INCREMENT PRIMARY KEY,
  topico      VARCHAR(20)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  id_externo  VARCHAR(64)  CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  recebida_em DATETIME     NOT NULL,
  vezes       INT          NOT NULL DEFAULT 1,
  tentativas  INT          NOT NULL DEFAULT 0,
  proxima_em  DATETIME     NULL,
  veredito    VARCHAR(255) NULL,
  UNIQUE KEY notificacoes_topico_id_externo (topico, id_externo),
  KEY notificacoes_devidas (proxima_em)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;
