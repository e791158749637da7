import { gpuEngine } from '@cotangent/engine-gpu'
import { afterAll, test } from 'vitest'
import { userKernelChecks } from '../support/userKernelChecks.js'

const engine = await gpuEngine({ mode: 'webgpu' })
afterAll(() => engine.close())

for (const { name, run } of userKernelChecks(engine)) test(name, run)
