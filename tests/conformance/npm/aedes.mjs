// aedes on a loopback port of the system's choice. Prints "listening PORT", then one line per event:
//
//   SECONDS EVENT CLIENT      seconds of the monotonic clock, which all programs of a machine share
//
//   node aedes.mjs [--user NAME --password TEXT] [--keepalive-limit SECONDS]
import { createServer } from 'node:net';
import { parseArgs } from 'node:util';
import { Aedes } from 'aedes';

const { values: flags } = parseArgs({
  options: {
    user: { type: 'string' },
    password: { type: 'string' },
    'keepalive-limit': { type: 'string' },
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
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
