// npm run test:packed: packs every published package, installs them into an empty folder as a user would, runs them in plain Node.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const run = (cwd, command, ...args) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

const checks = []
const check = (what, holds) => {
  checks.push(holds)
  console.log(`${holds ? 'ok      ' : 'NOT OK  '}${what}`)
}

const folder = mkdtempSync(join(tmpdir(), 'cotangent-packed-'))
try {
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], { cwd: root, stdio: 'inherit' })
  const isPublished = (name) => !JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')).private
  const names = readdirSync(join(root, 'packages')).filter(isPublished)
  const files = names.map((name) => {
    const [{ filename, files: packed }] = JSON.parse(
      run(root, 'npm', 'pack', '--json', '--workspace', `packages/${name}`, '--pack-destination', folder),
    )
    check(
      `${name} packs its build and no tests`,
      packed.some(({ path }) => path === 'dist/index.js') && !packed.some(({ path }) => /\.(test|laws)\./.test(path)),
    )
    return join(folder, filename)
  })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }))
  // a user without our .npmrc: onnxruntime-node's install script wants to download GPU files, which --ignore-scripts avoids
  run(folder, 'npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', ...files)

  for (const name of names) {
    const exported = run(
      folder,
      process.execPath,
      '--input-type=module',
      '-e',
      `const m = await import('@cotangent/${name}'); console.log(Object.keys(m).length)`,
    )
    check(`@cotangent/${name} loads in plain Node (${exported.trim()} exports)`, Number(exported) > 0)
  }

  writeFileSync(
    join(folder, 'user.mjs'),
    `import { array, compile, grad, mul, sin, sum } from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
const f = (x) => sum(mul(sin(x), x))
const engine = await onnxEngine({ threads: 1 })
const slope = await compile(grad(f), engine)(array([1, 2, 3]))
await engine.close()
const expected = [1, 2, 3].map((x) => Math.sin(x) + x * Math.cos(x))
console.log(expected.every((y, i) => Math.abs(y - slope.data[i]) < 1e-5) ? 'right' : 'wrong')
`,
  )
  check('a gradient on the onnx engine is right', run(folder, process.execPath, 'user.mjs').trim() === 'right')

  writeFileSync(
    join(folder, 'user.ts'),
    `import { array, grad, sum, type Tensor } from '@cotangent/core'
import { baLora } from '@cotangent/ba-lora'
const g: (x: Tensor) => Tensor = grad((x: Tensor) => sum(x))
g(array([1]))
baLora({ lambda1: 0.1, lambda2: 0.01, lambda3: 0.01, k: 1 })
`,
  )
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        strict: true,
        module: 'nodenext',
        target: 'es2023',
        noEmit: true,
        types: [],
        skipLibCheck: true,
      },
      files: ['user.ts'],
    }),
  )
  run(folder, process.execPath, join(root, 'node_modules/typescript/bin/tsc'))
  check('its types are found by a user of TypeScript', true)

  const help = run(folder, process.execPath, 'node_modules/@cotangent/cli/dist/main.js', 'study', '--help')
  check('the cotangent command answers', help.includes('--objective'))
  const version = JSON.parse(readFileSync(join(folder, 'node_modules/@cotangent/core/package.json'), 'utf8')).version
  check(`the version is ${version}`, run(folder, 'node_modules/.bin/cotangent', '--version').trim() === version)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const failed = checks.filter((ok) => !ok).length
console.log(`${checks.length - failed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
