/* Comparisons, logic, choice and casts. */
import { type AttrsOf, type NarrowFloat, type NoAttrs, sizeOf } from '@cotangent/core'
import type { Builder } from '../builder.js'
import { elementTypes } from '../onnx/model.js'
import { number, sourceShape, type Value } from '../value.js'
import { elementwise, formula, operator1, operator2, withDtype } from './elementwise.js'
import { type Lowering, type Lowerings, lower1, lower3 } from './lowering.js'

/** `c ? x : y`; the operator has no kernel for bool, where it is (c and x) or (not c and y). */
const where = lower3<NoAttrs>((condition, x, y, _, { builder, result }) => {
  if (result.dtype !== 'bool') return elementwise(builder, 'Where', [condition, x, y], result)
  const { apply } = formula(builder, result)
  return apply('Or', apply('And', condition, x), apply('And', apply('Not', condition), y))
})

const converted = (builder: Builder, x: Value, dtype: Value['aval']['dtype']): Value =>
  elementwise(builder, 'Cast', [x], { ...x.aval, dtype }, { attributes: { to: { int: elementTypes[dtype] } } })

/** From a float to i32 the operator gives -2^31 for NaN and beyond the range; the rule is 0 and the nearest end. */
const toInteger = (builder: Builder, x: Value): Value => {
  const wide = x.aval.dtype === 'f64' ? x : converted(builder, x, 'f64')
  const { apply, test } = formula(builder, wide.aval)
  const known = apply('Where', test('IsNaN', wide), number(0, wide.aval), wide)
  return converted(builder, apply('Max', apply('Min', known, 2 ** 31 - 1), -(2 ** 31)), 'i32')
}

const cast = lower1<AttrsOf<'cast'>>((x, { dtype }, { builder }) => {
  if (x.source.kind === 'number' && sizeOf(sourceShape(x)) === 1 && dtype !== 'i32' && dtype !== 'u32') {
    const value = dtype === 'bool' ? Number(x.source.value !== 0) : x.source.value
    if (x.aval.dtype !== 'f32' || dtype !== 'f64') return withDtype({ ...x, source: { kind: 'number', value } }, dtype)
  }
  const floating = x.aval.dtype === 'f32' || x.aval.dtype === 'f64'
  if (dtype === 'i32' && floating) return toInteger(builder, x)
  return converted(builder, x, dtype)
})

/** As TensorProto.DataType numbers them; no tensor of a program has them. */
const narrowTypes: Readonly<Record<NarrowFloat, number>> = { f16: 10, bf16: 16 }

/** There and back. */
export const reducePrecision: Lowering<AttrsOf<'reducePrecision'>> = lower1((x, { format }, { builder, result }) => {
  const narrow = elementwise(builder, 'Cast', [x], result, { attributes: { to: { int: narrowTypes[format] } } })
  return converted(builder, narrow, result.dtype)
})

export const comparison: Lowerings<
  'equal' | 'less' | 'lessEqual' | 'logicalAnd' | 'logicalOr' | 'logicalNot' | 'where' | 'cast'
> = {
  equal: operator2('Equal'),
  less: operator2('Less'),
  lessEqual: operator2('LessOrEqual'),
  logicalAnd: operator2('And'),
  logicalOr: operator2('Or'),
  logicalNot: operator1('Not'),
  where,
  cast,
}
