// An OpenID provider for tests: panva's oidc-provider, with people and programs of our own. Settings come as JSON on standard input.
import { text } from "node:stream/consumers";
import Provider from "oidc-provider";

const { port, keys, baseUrl, audience, secret } = JSON.parse(await text(process.stdin));

const PEOPLE = {
  mai: { name: "Mai Thử Nghiệm", role: "insurer" },
  an: { name: "An Thử Nghiệm", role: "facility", facility: "01801" },
  binh: { name: "Bình Thử Nghiệm", role: "facility", facility: "01802" },
  chi: { name: "Chi Thử Nghiệm", role: ["auditor", "somebody-else"] },
  nobody: { name: "Không Vai Trò" },
  both: { name: "Hai Vai Trò", role: ["insurer", "admin"] },
  elsewhere: { name: "Nơi Khác", role: "facility", facility: "99999" },
};
const PROGRAMS = {
  "program-insurer": { role: "insurer", alg: "RS256" },
  "program-facility": { role: "facility", facility: "01801", alg: "ES256" },
  "program-other": { role: "facility", facility: "01802", alg: "PS256" },
  "program-auditor": { role: "auditor", alg: "RS256" },
  "program-admin": { role: "admin", alg: "RS256" },
  "program-nobody": { alg: "RS256" },
};

const provider = new Provider(`http://127.0.0.1:${port}`, {
  jwks: { keys },
  cookies: { keys: [secret] },
  clients: [
    {
      client_id: "certsvc",
      client_secret: secret,
      redirect_uris: [`${baseUrl}/staff/callback`],
      backchannel_logout_uri: `${baseUrl}/staff/back-channel-sign-out`,
      backchannel_logout_session_required: true,
      post_logout_redirect_uris: [`${baseUrl}/staff/signed-out`],
    },
    ...Object.keys(PROGRAMS).map((client_id) => ({
      client_id, client_secret: secret, grant_types: ["client_credentials"], redirect_uris: [], response_types: [],
    })),
  ],
  claims: { openid: ["sub", "role", "facility"], profile: ["name"] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...PEOPLE[id] }) }),
  extraTokenClaims: (_, token) => {
    const { alg, ...claims } = PROGRAMS[token.clientId] ?? {};
    return claims;
  },
  features: {
    clientCredentials: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    backchannelLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_, resource, client) => ({
        scope: "", audience: resource, accessTokenFormat: "jwt", accessTokenTTL: 600, jwt: { sign: { alg: PROGRAMS[client.clientId].alg } },
      }),
    },
  },
  pkce: { required: () => true },
  // What it would send us is written down: the tests hand it on themselves.
  fetch: async (_, { body }) => {
    console.log(`logout_token ${body.get("logout_token")}`);
    return new Response();
  },
  ttl: { IdToken: 600, Session: 3600, Interaction: 600, Grant: 3600, AccessToken: 600, ClientCredentials: 600 },
});

provider.listen(port, "127.0.0.1", () => console.log(`ready for ${audience}`));
