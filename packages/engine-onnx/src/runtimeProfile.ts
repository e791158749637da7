/* The profile that onnxruntime writes: events with microseconds, in the format of Chrome's trace viewer. */
import type { Equation, OperationTime } from '@cotangent/core'
import { decode, finite, getOrThrow, open, readonlyList, t } from '@cotangent/prelude'

const profileCodec = readonlyList(
  open({ cat: t.string, name: t.string, ts: finite, dur: finite }, { args: open({}, { op_name: t.string }) }),
)

/** A node is called by its operator and its first tensor, `Gemm:t5` (see onnx/model.ts). */
const kernelOf = (name: string): string | null => /^(.*)_kernel_time$/.exec(name)?.[1] ?? null

/** The tensor in a node's name. Those that onnxruntime makes of several have names of its own, around one of them. */
const tensorIn = (node: string): string | null => /(?:^|[^A-Za-z0-9])([ty]\d+)(?![A-Za-z0-9])/.exec(node)?.[1] ?? null

/**
 * The operations of a profile, with the equations they belong to. Each run is an operation too: what it takes besides
 * those inside of it is onnxruntime's own time.
 *
 * @param text the file, JSON
 * @param equationOf the equation of the node that gives a tensor
 */
export const operationsIn = (
  text: string,
  equationOf: (tensor: string) => Equation | null,
): readonly OperationTime[] => {
  const json: unknown = JSON.parse(text)
  const events = getOrThrow(decode(profileCodec, json))
  const runs = events.filter(({ name }) => name === 'model_run').toSorted((a, b) => a.ts - b.ts)
  const begin = runs[0]?.ts ?? 0
  return events.flatMap(({ cat, name, ts, dur, args }): readonly OperationTime[] => {
    const times = { run: runs.findLastIndex((run) => run.ts <= ts), start: ts - begin, duration: dur }
    if (name === 'model_run') return [{ operation: 'run', equation: null, ...times }]
    const node = cat === 'Node' ? kernelOf(name) : null
    if (node === null) return []
    const tensor = tensorIn(node)
    return [{ operation: args?.op_name ?? node, equation: tensor === null ? null : equationOf(tensor), ...times }]
  })
}
