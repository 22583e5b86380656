// Runs @vladmandic/human over raw frames and prints what it took, as JSON.
// node peer_human.cjs FOLDER tensorflow|wasm FRAMES WIDTH HEIGHT [--every-frame]
// FOLDER has the packages; FRAMES is a file of RGB pictures, one after the other.
'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');

const [folder, backend, framesFile, width, height, everyFrame] = process.argv.slice(2);
const modules = path.join(folder, 'node_modules');
const models = path.join(modules, '@vladmandic', 'human', 'models');
const isWasm = backend === 'wasm';
if (!isWasm) require(path.join(modules, '@tensorflow', 'tfjs-node'));
const { Human } = require(
  path.join(modules, '@vladmandic', 'human', 'dist', isWasm ? 'human.node-wasm.js' : 'human.node.js'),
);

async function main() {
  // Its loader takes models from a server alone.
  const server = http.createServer((request, response) => {
    fs.createReadStream(path.join(models, path.basename(request.url))).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const off = { enabled: false };
  const human = new Human({
    backend,
    modelBasePath: `http://127.0.0.1:${server.address().port}/`,
    wasmPath: path.join(modules, '@tensorflow', 'tfjs-backend-wasm', 'dist') + '/',
    // The picture is looked at anew each time, or as seldom as its authors chose.
    cacheSensitivity: everyFrame ? 0 : 0.7,
    debug: false,
    filter: off,
    gesture: off,
    hand: off,
    object: off,
    segmentation: off,
    body: { enabled: true },
    face: {
      enabled: true,
      detector: { maxDetected: 10 },
      mesh: { enabled: true },
      iris: off,
      emotion: { enabled: true },
      description: { enabled: true },
      antispoof: off,
      liveness: off,
    },
  });
  await human.load();
  const size = width * height * 3;
  const file = fs.openSync(framesFile, 'r');
  const count = Math.floor(fs.fstatSync(file).size / size);
  const pixels = Buffer.alloc(size);
  const look = async (index) => {
    fs.readSync(file, pixels, 0, size, index * size);
    const picture = human.tf.tensor3d(new Uint8Array(pixels), [Number(height), Number(width), 3], 'int32');
    const began = process.hrtime.bigint();
    const result = await human.detect(picture);
    const took = Number(process.hrtime.bigint() - began) / 1e6;
    if (result.error) throw new Error(result.error);
    human.tf.dispose(picture);
    return { took, faces: result.face.length, bodies: result.body.length };
  };
  for (let index = 0; index < 3; index++) await look(index % count);
  const cpu = process.cpuUsage();
  const looks = [];
  for (let index = 0; index < count; index++) looks.push(await look(index));
  const used = process.cpuUsage(cpu);
  const mean = (key) => looks.reduce((sum, each) => sum + each[key], 0) / count;
  console.log(JSON.stringify({
    took_ms: looks.map((each) => each.took),
    cpu_ms: (used.user + used.system) / 1e3 / count,
    faces: mean('faces'),
    bodies: mean('bodies'),
    version: human.version,
  }));
  server.close();
}

main().then(() => process.exit(0), (error) => {
  console.error(String(error && error.message ? error.message : error));
  process.exit(1);
});
