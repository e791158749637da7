/* The suite that every engine has to pass: each primitive on tame and hostile values, random programs, their gradients. */
import { conformance } from '@cotangent/testing'
import { afterAll, test } from 'vitest'
import { onnxEngine } from './engine.js'

const engine = await onnxEngine({ threads: 2 })
afterAll(() => engine.close())

for (const { name, run } of conformance(engine)) test(name, run)
