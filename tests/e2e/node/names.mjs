// Leads every name below $OVERSET_TEST_DOMAIN to this machine, as a wildcard DNS record would.
// Load it with `node --import`.
import dns from "node:dns";

const below = `.${process.env.OVERSET_TEST_DOMAIN}`;
const lookup = dns.lookup;

dns.lookup = (name, ...rest) => lookup(String(name).endsWith(below) ? "127.0.0.1" : name, ...rest);
