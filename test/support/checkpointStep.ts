/*
 * One training step of 12 encoder layers on the ONNX engine, in a process of its own. Prints what the process held at
 * most, in bytes, the loss and the gradient's norm.
 *
 *     tsx checkpointStep.ts plain|checkpoint first|last
 */
import { compile } from '@cotangent/core'
import { onnxEngine } from '@cotangent/engine-onnx'
import { encoderStep } from './encoderStep.js'
import { peakMemory } from './peakMemory.js'

const [mode, order] = process.argv.slice(2)
const shape = { layers: 12, width: 128, heads: 4, batch: 48, seq: 128 }
const { step, args } = encoderStep(shape, mode === 'checkpoint', order === 'last' ? 'last' : 'first')
const engine = await onnxEngine({ threads: 2 })
const { value, slope } = await compile(step, engine, { donate: [0, 1] })(...args)
const peak = peakMemory()
console.log(JSON.stringify({ peak, loss: value.item(), slope: slope.item() }))
await engine.close()
