// Clients of MQTT.js in one process, idle, receiving or publishing.
//
//   node mqttjs.mjs PACKAGE ADDRESS KEEP_ALIVE_S [NAME PORT MEAN_GAP_S QOS]...
//
// PACKAGE is mqtt, mqtt-5.5 or mqtt-4 (package.json); a gap of 0 publishes nothing. Prints
// "NAME connected|lost SECONDS", on the clock that never jumps.
import { createRequire } from 'node:module';

const [packageName, address, keepAlive, ...names] = process.argv.slice(2);
const mqtt = createRequire(import.meta.url)(packageName);

function start(name, port, gap, qos) {
  const client = mqtt.connect(`mqtt://${address}:${port}`, {
    clientId: name,
    keepalive: Number(keepAlive),
  });
  const note = (event) =>
    console.log(`${name} ${event} ${(Number(process.hrtime.bigint()) / 1e9).toFixed(6)}`);
  let up = false;
  client.on('connect', () => note('connected', (up = true)));
  client.on('close', () => up && note('lost', (up = false)));
  client.on('error', () => {});
  const publish = () => {
    if (client.connected) client.publish('t', 'x', { qos: Number(qos) });
    setTimeout(publish, -1000 * Number(gap) * Math.log(1 - Math.random()));
  };
  if (Number(gap) > 0) setTimeout(publish, 1000 * Math.random());
}

for (let i = 0; i < names.length; i += 4) {
  setTimeout(start, 7400 * Math.random(), ...names.slice(i, i + 4));
}
