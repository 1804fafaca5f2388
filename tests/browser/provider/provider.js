// A strict OpenID Connect provider for the tests: PKCE required, any password taken, roles in the ID token.
// Reads {"clients", "accounts": {sub: {name, roles}}} from the first argument; prints its port.
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { clients, accounts } = JSON.parse(process.argv[2]);
const server = createServer();

server.listen(0, "127.0.0.1", () => {
  const issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients,
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ["sub"], profile: ["name", "roles", "agency"] },
    findAccount: (_, sub) => accounts[sub] && { accountId: sub, claims: () => ({ sub, ...accounts[sub] }) },
    cookies: { keys: ["not-a-secret"] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, IdToken: 600, AccessToken: 600 },
  });
  server.on("request", provider.callback());
  console.log(server.address().port);
});
