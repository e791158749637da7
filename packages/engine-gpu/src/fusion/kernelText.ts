/* The text of one kernel: a value, or several of one length, with everything that is computed inside of it. */
import type { KernelSpec } from '../device/kernelSpec.js'
import type { Read, Value } from '../program/value.js'
import { type Emitter, makeEmitter } from '../source/emitter.js'
import { numberText } from '../source/number.js'
import { namedPlace, namesIn, type Place, printPlace, shifted } from '../source/place.js'

/** Where a value that has memory lies: `offset` elements into an array. */
export interface Location<A> {
  readonly array: A
  readonly length: number
  readonly offset: number
}

/** Memory as a kernel's text sees it. */
export interface Arrays<A> {
  /** Where a value lies; `null` for one that is computed where it is needed. */
  locate(value: Value): Location<A> | null
  /** The array of one element for a number without a spelling. */
  number(value: number): A
}

export interface KernelText<A> {
  readonly spec: KernelSpec
  /** The arrays that are its parameters. */
  readonly inputs: readonly A[]
  /** How often each value that is computed inside runs for one element. */
  readonly rounds: ReadonlyMap<Value, number>
}

/** What needs no rounding: an element of an array, or of one that was chosen; a number. */
const isRead = (text: string): boolean => /^([vw]\d+|a\d+\[[\w *+-]+\]|\(-[\w.-]+\)|[\d.]+(e[+-]?\d+)?)$/.test(text)

/**
 * @param members values of one length; the result holds them one behind the other
 */
export const kernelText = <A>(members: readonly Value[], { locate, number }: Arrays<A>): KernelText<A> => {
  const parameters: Location<A>[] = []
  const parameterOf = (location: Location<A>): string => {
    const known = parameters.findIndex(({ array }) => array === location.array)
    if (known >= 0) return `a${known}`
    parameters.push(location)
    return `a${parameters.length - 1}`
  }
  const ids = new Map<Value, number>()
  const idOf = (value: Value): number => {
    const id = ids.get(value) ?? ids.size
    ids.set(value, id)
    return id
  }
  const rounds = new Map<Value, number>()
  const emitter = makeEmitter(['i'])

  const uniform = (value: number): string => {
    const text = numberText(value)
    if (text !== null) return text
    return `${parameterOf({ array: number(value), length: 1, offset: 0 })}[0]`
  }

  /** The text of an element as its operation gives it. */
  const compute = (value: Value, at: Place): string => {
    if (value.kind !== 'computed') throw new Error(`a value of kind ${value.kind} has no memory`)
    rounds.set(value, Math.max(rounds.get(value) ?? 0, emitter.rounds()))
    return value.operation.element(emitter, at, value.operands.map(readerOf))
  }

  /** The same for the use of other operations: a name, rounded where the device computes with more than f32. */
  const inner = (value: Value, at: Place): string =>
    emitter.once(`value ${idOf(value)} at ${printPlace(at)}`, namesIn(at), () => {
      const text = compute(value, at)
      if (isRead(text)) return text
      const name = emitter.fresh('v')
      emitter.line(`const ${name} = f32(${text});`)
      return name
    })

  const read = (value: Value, at: Place): string => {
    if (value.kind === 'uniform') return uniform(value.value)
    const location = locate(value)
    if (location === null) return inner(value, at)
    return `${parameterOf(location)}[${printPlace(shifted(at, location.offset))}]`
  }

  const readerOf =
    (value: Value): Read =>
    (at) =>
      read(value, at)

  const [first] = members
  const length = first?.length ?? 0
  const result =
    members.length === 1 && first !== undefined
      ? compute(first, namedPlace('i', length))
      : packed(emitter, members, length, compute)
  const lines = [...emitter.text(), `return ${result};`]
  const usesPlace = lines.some((line) => /\bi\b/.test(line))
  const whole = usesPlace ? ['const i = this.thread.x;', ...lines] : lines
  const names = parameters.map((_, k) => `a${k}`)
  const source = [`function (${names.join(', ')}) {`, ...whole.map((line) => `  ${line}`), '}'].join('\n')
  return {
    spec: { source, length: length * members.length, inputLengths: parameters.map((parameter) => parameter.length) },
    inputs: parameters.map(({ array }) => array),
    rounds,
  }
}

/** Each member in a branch of its own. */
const packed = (
  emitter: Emitter,
  members: readonly Value[],
  length: number,
  compute: (value: Value, at: Place) => string,
): string => {
  const segment = emitter.index('q', `quotient(i, ${length})`)
  const at = namedPlace(emitter.index('c', `i - ${segment} * ${length}`), length)
  const result = emitter.fresh('w')
  emitter.line(`let ${result} = 0;`)
  emitter.choose(
    members.map((member) => () => emitter.line(`${result} = ${compute(member, at)};`)),
    (k) => `${segment} < ${k}`,
  )
  return result
}
