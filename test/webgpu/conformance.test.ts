import { gpuEngine } from '@cotangent/engine-gpu'
import { conformance } from '@cotangent/testing'
import { afterAll, describe, test } from 'vitest'

const engine = await gpuEngine({ mode: 'webgpu' })

describe(`conformance in mode webgpu on ${engine.adapter.name}`, () => {
  afterAll(() => engine.close())
  for (const { name, run } of conformance(engine)) test(name, run)
})
