-- A made-up menu, customers and orders, so that every request of the README answers on a fresh start. São Paulo is three
-- hours behind UTC; times are counted back from the first start.

INSERT INTO produtos (id, nome, categoria, valor, descricao) VALUES
  (1, 'X-Burger da Casa', 1, '18.90', 'Hambúrguer de 150 g, queijo prato e maionese verde'),
  (2, 'X-Bacon Crocante', 1, '24.50', 'Hambúrguer de 150 g, bacon, queijo e cebola roxa'),
  (3, 'Misto Quente na Chapa', 1, '15.20', 'Pão de forma na manteiga, presunto, queijo e tomate'),
  (4, 'Batata Frita', 2, '14.00', 'Porção de 300 g com alecrim'),
  (5, 'Anéis de Cebola', 2, '16.50', 'Dez unidades, com molho da casa'),
  (6, 'Salada do Dia', 2, '12.90', 'Folhas, tomate-cereja e limão'),
  (7, 'Suco de Laranja', 3, '9.50', '400 ml, espremido na hora'),
  (8, 'Guaraná Lata', 3, '6.50', '350 ml'),
  (9, 'Água Mineral', 3, '4.00', '500 ml, com ou sem gás'),
  (10, 'Pudim de Leite', 4, '11.00', 'Fatia com calda de caramelo'),
  (11, 'Brigadeiro', 4, '5.50', 'Unidade, 40 g'),
  (12, 'Açaí com Granola', 4, '17.80', 'Tigela de 300 ml com banana');

INSERT INTO clientes (id, cpf, nome, email, telefone) VALUES
  (1, '52998224725', 'Maria das Dores Lima', 'maria.lima@exemplo.com.br', '11 91234-5678'),
  (2, '31074285905', 'João Batista Rocha', 'joao.rocha@exemplo.com.br', '21 99876-5432'),
  (3, '86415027344', 'Aparecida Nogueira', 'cida.nogueira@exemplo.com.br', '31 98765-1234');

INSERT INTO pedidos (id, senha, dia, cliente, status_pedido, datahora_recebido, datahora_preparacao, datahora_pronto,
                     datahora_finalizado, status_pagamento, id_pagamento) VALUES
  (1, 1, date('now', '-3 hours'), 1, 1, datetime('now', '-4 minutes'), NULL, NULL, NULL, 1, 'b715bik7-2726-4d51-a729-749cc7bda703'),
  (2, 2, date('now', '-3 hours'), 2, 2, datetime('now', '-11 minutes'), datetime('now', '-9 minutes'), NULL, NULL, 2, '5d0e2c1a-93b4-4f0e-8a55-0c6f2e7b9d12'),
  (3, 3, date('now', '-3 hours'), NULL, 3, datetime('now', '-19 minutes'), datetime('now', '-16 minutes'), datetime('now', '-3 minutes'), NULL, 2, '0b8f4d6e-1c2a-4e3b-9f7d-5a6b7c8d9e0f'),
  (4, 4, date('now', '-3 hours'), 3, 4, datetime('now', '-63 minutes'), datetime('now', '-60 minutes'), datetime('now', '-51 minutes'), datetime('now', '-45 minutes'), 2, '7a1c9e3b-5d7f-4b2a-8c6e-1f0d2b3a4c5e'),
  (5, 5, date('now', '-3 hours'), NULL, 1, datetime('now', '-2 minutes'), NULL, NULL, NULL, 3, 'c4e6a8b0-2d4f-4a6c-8e0b-3f5d7a9c1e2b'),
  (6, 6, date('now', '-3 hours'), 2, 5, datetime('now', '-40 minutes'), NULL, NULL, NULL, 1, 'e1f3a5c7-9b2d-4e6f-8a0c-2b4d6f8a0c1e');

INSERT INTO itens (pedido, produto, nome, quantidade, valor, descricao) VALUES
  (1, 3, 'Misto Quente na Chapa', 2, '15.20', 'sem tomate'),
  (1, 8, 'Guaraná Lata', 2, '6.50', NULL),
  (2, 1, 'X-Burger da Casa', 1, '18.90', NULL),
  (2, 4, 'Batata Frita', 1, '14.00', 'bem passada'),
  (2, 7, 'Suco de Laranja', 1, '9.50', 'sem açúcar'),
  (3, 2, 'X-Bacon Crocante', 2, '24.50', NULL),
  (3, 2, 'X-Bacon Crocante', 1, '24.50', 'sem cebola'),
  (4, 12, 'Açaí com Granola', 1, '17.80', NULL),
  (4, 9, 'Água Mineral', 1, '4.00', 'com gás'),
  (5, 11, 'Brigadeiro', 4, '5.50', NULL),
  (6, 10, 'Pudim de Leite', 1, '11.00', NULL);

INSERT INTO eventos (pedido, tipo, de, para, datahora) VALUES
  (1, 'recebido', NULL, 1, datetime('now', '-4 minutes')),
  (2, 'recebido', NULL, 1, datetime('now', '-11 minutes')),
  (2, 'pagamento', 1, 2, datetime('now', '-10 minutes')),
  (2, 'movimento', 1, 2, datetime('now', '-9 minutes')),
  (3, 'recebido', NULL, 1, datetime('now', '-19 minutes')),
  (3, 'pagamento', 1, 2, datetime('now', '-18 minutes')),
  (3, 'movimento', 1, 2, datetime('now', '-16 minutes')),
  (3, 'movimento', 2, 3, datetime('now', '-3 minutes')),
  (4, 'recebido', NULL, 1, datetime('now', '-63 minutes')),
  (4, 'pagamento', 1, 2, datetime('now', '-62 minutes')),
  (4, 'movimento', 1, 2, datetime('now', '-60 minutes')),
  (4, 'movimento', 2, 3, datetime('now', '-51 minutes')),
  (4, 'movimento', 3, 4, datetime('now', '-45 minutes')),
  (5, 'recebido', NULL, 1, datetime('now', '-2 minutes')),
  (5, 'pagamento', 1, 3, datetime('now', '-1 minutes')),
  (6, 'recebido', NULL, 1, datetime('now', '-40 minutes')),
  (6, 'cancelamento', 1, 5, datetime('now', '-39 minutes'));

UPDATE eventos SET sequencia = numerados.n
  FROM (SELECT id, ROW_NUMBER() OVER (ORDER BY id) AS n FROM eventos) AS numerados WHERE numerados.id = eventos.id;
UPDATE restaurante SET dia = date('now', '-3 hours'), proxima_senha = 7, proxima_sequencia = (SELECT COUNT(*) + 1 FROM eventos) WHERE id = 1;
