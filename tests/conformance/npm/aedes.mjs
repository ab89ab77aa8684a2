// aedes on a loopback port of the system's choice, or on the one asked for. Prints "listening PORT", then one line per event:
//
//   SECONDS EVENT CLIENT      seconds of the monotonic clock, which all programs of a machine share
//
//   node aedes.mjs [--user NAME --password TEXT] [--keepalive-limit SECONDS]
//                  [--address A --port N]
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { Aedes } from 'aedes';

const { values: flags } = parseArgs({
  options: {
    user: { type: 'string' },
    password: { type: 'string' },
    'keepalive-limit': { type: 'string' },
    address: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
  },
});

const broker = await Aedes.createBroker({
  keepaliveLimit: Number(flags['keepalive-limit'] ?? 0),
});
if (flags.user !== undefined) {
  broker.authenticate = (client, name, password, done) => {
    const known = name === flags.user && password?.toString() === flags.password;
    done(known ? null : Object.assign(new Error('not authorized'), { returnCode: 4 }), known);
  };
}

const log = (event, client) =>
  console.log(`${(Number(process.hrtime.bigint()) / 1e9).toFixed(6)} ${event} ${client?.id}`);
for (const event of ['client', 'clientDisconnect', 'keepaliveTimeout', 'ping']) {
  broker.on(event, (first, second) => log(event, event === 'ping' ? second : first));
}

const server = createServer(broker.handle);
server.listen(Number(flags.port), flags.address, () => console.log(`listening ${server.address().port}`));
