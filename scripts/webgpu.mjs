// npm run test:webgpu: the engine on WebGPU in Node, by the package `webgpu` and a Vulkan driver.
//
// Where VK_ICD_FILENAMES names no driver, SwiftShader is taken from Debian's chromium, which computes on the processor:
//   apt-get install chromium libvulkan1
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const swiftShader = '/usr/lib/chromium/vk_swiftshader_icd.json'
const driver = process.env.VK_ICD_FILENAMES ?? (existsSync(swiftShader) ? swiftShader : undefined)

const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    'vitest.webgpu.config.ts',
    ...process.argv.slice(2),
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...(driver === undefined ? {} : { VK_ICD_FILENAMES: driver }) },
  },
)
process.exitCode = status ?? 1
