// npm run test:nightly: every test file that has laws, with 10,000 examples of each, from a random seed.
//
//   npm run test:nightly                              all of them
//   npm run test:nightly -- packages/core             files whose path contains this
//   COTANGENT_LAW_SEED=7 npm run test:nightly         a seed of your own; COTANGENT_LAW_RUNS for another number
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const seed = process.env.COTANGENT_LAW_SEED || String(randomInt(2 ** 31))
const runs = process.env.COTANGENT_LAW_RUNS || '10000'
const wanted = process.argv.slice(2)

const filesUnder = (folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .filter((file) => /\.(test|laws)\.ts$/.test(file) && !/\/(node_modules|dist|browser)\//.test(file))

const hasLaws = (file) => /\b(lawRuns|runsOf|conformance)\(/.test(readFileSync(join(root, file), 'utf8'))
const isWanted = (file) => wanted.length === 0 || wanted.some((part) => file.includes(part))
const files = [...filesUnder('packages'), ...filesUnder('test')].filter((file) => isWanted(file) && hasLaws(file))

console.log(`seed ${seed}, ${runs} examples of each law, ${files.length} files`)
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--testTimeout=0', '--hookTimeout=0', ...files],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, COTANGENT_LAW_SEED: seed, COTANGENT_LAW_RUNS: runs },
  },
)
if (status !== 0) console.log(`to repeat: COTANGENT_LAW_SEED=${seed} COTANGENT_LAW_RUNS=${runs} npm run test:nightly`)
process.exitCode = status ?? 1
