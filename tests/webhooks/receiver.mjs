// A receiver that verifies by the official library of npm, as the README's does by that of PyPI.
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const webhook = new Webhook(process.argv[2]);
createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  try {
    const event = webhook.verify(body, request.headers);
    console.log(request.headers["webhook-id"], event.type, event.data.pedido);
    response.writeHead(204).end();
  } catch (error) {
    console.log("refused:", error.message);
    response.writeHead(401).end();
  }
}).listen(Number(process.argv[3]), "127.0.0.1");
