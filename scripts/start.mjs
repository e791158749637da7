// npm start: builds what changed, then runs the study in this process. Arguments after `--` go to it.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

console.log('cotangent: building (the first time takes about half a minute)')
const build = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b'], { cwd: root, stdio: 'inherit' })
if (build.status !== 0) process.exit(build.status ?? 1)

process.argv.splice(2, 0, 'study')
await import('../packages/cli/dist/main.js')
