-- Takes over the rows of the original system, whose tables were renamed to original_* just before. Everything is
-- copied by column name, so that keys, constraints and column types of the original do not matter. It runs in one
-- transaction and may be run again: it starts by emptying what an interrupted run may have left.

DELETE FROM itens;
DELETE FROM pedidos;
DELETE FROM clientes;
DELETE FROM produtos;

-- A product without a price or category cannot be sold until someone mends it: it comes in withdrawn.
INSERT INTO produtos (id, nome, categoria, valor, descricao, ativo)
SELECT id,
       COALESCE(NULLIF(TRIM(nome), ''), CONCAT('Produto ', id)),
       CASE WHEN categoria BETWEEN 1 AND 4 THEN categoria ELSE 1 END,
       COALESCE(valor, 0),
       descricao,
       CASE WHEN COALESCE(ativo, 1) <> 0 AND valor > 0 AND categoria BETWEEN 1 AND 4 THEN 1 ELSE 0 END
FROM original_produtos;

-- CPF is unique by its digits here. Where the original let the same one in twice, the first keeps it and the others
-- are marked with their id, for a person to sort out; the same for e-mail.
INSERT INTO clientes (id, cpf, nome, username, email, telefone, hashed_password, ativo)
SELECT c.id,
       CASE WHEN c.id = d.primeiro THEN d.digitos ELSE CONCAT(NULLIF(TRIM(c.cpf), ''), ' #', c.id) END,
       c.nome,
       c.username,
       CASE WHEN c.id = e.primeiro THEN e.endereco ELSE CONCAT(NULLIF(TRIM(c.email), ''), ' #', c.id) END,
       c.telefone,
       c.hashed_password,
       CASE WHEN COALESCE(c.ativo, 1) <> 0 THEN 1 ELSE 0 END
FROM original_clientes c
LEFT JOIN (SELECT MIN(id) AS primeiro, REPLACE(REPLACE(TRIM(cpf), '.', ''), '-', '') AS digitos
           FROM original_clientes WHERE TRIM(cpf) <> ''
           GROUP BY REPLACE(REPLACE(TRIM(cpf), '.', ''), '-', '')) d ON d.primeiro = c.id
LEFT JOIN (SELECT MIN(id) AS primeiro, LOWER(TRIM(email)) AS endereco
           FROM original_clientes WHERE TRIM(email) <> ''
           GROUP BY LOWER(TRIM(email))) e ON e.primeiro = c.id;

-- The original took any number as a state; one that means nothing was in none of its lists of open orders, and is
-- not in ours: Finalizado.
INSERT INTO pedidos (id, cliente, status_pedido, datahora_recebido, datahora_preparacao, datahora_pronto,
                     datahora_finalizado, status_pagamento, id_pagamento)
SELECT p.id,
       c.id,
       CASE WHEN COALESCE(p.status_pedido, 1) BETWEEN 1 AND 4 THEN COALESCE(p.status_pedido, 1) ELSE 4 END,
       COALESCE(NULLIF(p.datahora_recebido, '0000-00-00 00:00:00'), p.datahora_preparacao, p.datahora_pronto, p.datahora_finalizado, UTC_TIMESTAMP()),
       p.datahora_preparacao,
       p.datahora_pronto,
       p.datahora_finalizado,
       CASE WHEN p.status_pagamento BETWEEN 1 AND 3 THEN p.status_pagamento ELSE 1 END,
       NULLIF(TRIM(p.id_pagamento), '')
FROM original_pedidos p
LEFT JOIN clientes c ON c.id = p.cliente;

INSERT INTO itens (pedido, produto, nome, quantidade, valor, descricao)
SELECT i.pedido,
       r.id,
       COALESCE(r.nome, CONCAT('Produto ', i.produto)),
       COALESCE(i.quantidade, 1),
       COALESCE(i.valor, r.valor, 0),
       i.descricao
FROM original_itens i
JOIN pedidos p ON p.id = i.pedido
LEFT JOIN produtos r ON r.id = i.produto
ORDER BY i.pedido, i.produto;
