import { E } from '@cotangent/prelude'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { storedFloat32, storedInt32 } from '../storedTensor.js'
import { decodeSafetensors } from './readSafetensors.js'
import { encodeSafetensors } from './writeSafetensors.js'

const fileOf = (header: string | Uint8Array, data = 0, length?: bigint): Uint8Array => {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header
  const bytes = new Uint8Array(8 + text.length + data)
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true)
  bytes.set(text, 8)
  return bytes
}

const messageOf = (bytes: Uint8Array): string => {
  const result = decodeSafetensors(bytes, 'f')
  return E.isLeft(result) ? result.left.message : 'read'
}

const entry = (dtype: unknown, shape: unknown, offsets: unknown): string =>
  JSON.stringify({ dtype, shape, data_offsets: offsets })
const named = (name: string, ...rest: readonly [unknown, unknown, unknown]): string =>
  `{${JSON.stringify(name)}:${entry(...rest)}}`

const example = (): Uint8Array => {
  const tensors = new Map([
    ['a', storedFloat32([1, 2, 3], [3])],
    ['b', storedInt32([4], [])],
    ['none', storedFloat32([], [0, 2])],
  ])
  const pieces = encodeSafetensors(tensors, new Map([['format', 'pt']]), 'f')
  return E.isRight(pieces) ? new Uint8Array(Buffer.concat(pieces.right)) : new Uint8Array()
}

describe('a damaged file is refused', () => {
  it('cut at any byte', () => {
    const whole = example()
    expect(messageOf(whole)).toBe('read')
    for (let end = 0; end < whole.length; end++) expect(messageOf(whole.subarray(0, end))).toMatch(/^f: /)
  })

  it('with bytes after it', () => {
    expect(messageOf(new Uint8Array([...example(), 0]))).toContain('bytes follow the last tensor')
  })

  it.each([0n, 1n, 100_000_001n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n, 17n])(
    'with a header length of %s',
    (length) => {
      expect(messageOf(fileOf('{}', 14, length))).toContain("the header's length must be from 2 to 16 bytes")
    },
  )

  it.each([
    ['[]', 'must begin with {'],
    [' {}', 'must begin with {'],
    ['\ufeff{}', 'must begin with {'],
    ['{"a":', 'the header must be JSON'],
    ['{}}', 'the header must be JSON'],
    [new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), 'bytes that are not UTF-8'],
    [`{"a":${'['.repeat(200_000)}`, 'at most 200 levels'],
    ['{"a":1}', 'expected a record, received 1'],
    ['{"__metadata__":{"a":1}}', 'must be a record of texts'],
    ['{"__metadata__":[]}', 'must be a record of texts'],
    [`{"a":${entry('U8', [1], [0, 1])},"a":${entry('U8', [1], [0, 1])}}`, 'only once in a record'],
    [named('a', 'F8_E4M3', [1], [0, 1]), '"F8_E4M3"; known: BOOL, U8'],
    [named('a', 'f32', [1], [0, 4]), 'did you mean "F32"?'],
    [named('a', 'constructor', [1], [0, 1]), '"constructor"'],
    [named('a', 5, [1], [0, 1]), 'dtype: expected a text, received 5'],
    [named('a', 'U8', [-1], [0, 1]), 'shape[0]: expected a whole number of at least 0, received -1'],
    [named('a', 'U8', [0.5], [0, 1]), 'received 0.5'],
    [named('a', 'U8', ['1'], [0, 1]), 'received "1"'],
    [named('a', 'U8', [2 ** 40, 2 ** 40], [0, 1]), 'its size must be a number that is exact'],
    [named('a', 'F64', [2 ** 52], [0, 1]), 'its size must be a number that is exact'],
    [named('a', 'F32', [2], [0, 4]), 'its range must be as long as its shape'],
    [named('a', 'F32', [1], [4, 0]), 'its range must be as long as its shape'],
    ['{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}}', 'too large for a double'],
    ['{"a":{"dtype":"F32","shape":[9007199254740993],"data_offsets":[0,4]}}', 'expected a whole number of at least 0'],
    ['{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"url":"x"}}', 'no such field'],
    [named('a', 'U8', [1], [0, 1, 2]), 'data_offsets'],
  ])('with the header %s', (header, part) => {
    expect(messageOf(fileOf(header))).toContain(part)
  })

  it('with ranges that overlap or leave a hole', () => {
    const two = (a: readonly number[], b: readonly number[]): string =>
      `{"a":${entry('U8', [4], a)},"b":${entry('U8', [4], b)}}`
    expect(messageOf(fileOf(two([0, 4], [4, 8]), 8))).toBe('read')
    expect(messageOf(fileOf(two([4, 8], [0, 4]), 8))).toBe('read')
    expect(messageOf(fileOf(two([0, 4], [2, 6]), 6))).toContain('tensor "b": its range must not overlap another')
    expect(messageOf(fileOf(two([0, 4], [0, 4]), 4))).toContain('must not overlap')
    expect(messageOf(fileOf(two([0, 4], [6, 10]), 10))).toContain('tensor "b": there must be no hole')
    expect(messageOf(fileOf(two([1, 5], [5, 9]), 9))).toContain('tensor "a": there must be no hole')
  })

  it('with 20,000 tensors over one range', () => {
    const all = Array.from({ length: 20_000 }, (_, i) => `"${i}":${entry('U8', [1000], [0, 1000])}`)
    expect(messageOf(fileOf(`{${all.join(',')}}`, 1000))).toContain('must not overlap')
  })

  it('with a hostile name, shown escaped and short', () => {
    const name = `\u001b]0;x\u0007<script>${'y'.repeat(1_000_000)}`
    const message = messageOf(fileOf(named(name, 'F8', [1], [0, 1])))
    expect(message).toContain('tensor "\\x1b]0;x\\x07<script>yyy')
    expect(message.length).toBeLessThan(500)
  })

  it('whatever happens to its bytes: refused by a tagged error or read, never a throw', () => {
    const whole = example()
    const change = fc.record({ at: fc.nat(whole.length - 1), byte: fc.integer({ min: 0, max: 255 }) })
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const bytes = whole.slice()
        for (const { at, byte } of changes) bytes[at] = byte
        const result = decodeSafetensors(bytes, 'f')
        if (E.isLeft(result)) expect(result.left._tag).toBe('BadContainer')
      }),
      { seed: 3, numRuns: 2000 },
    )
  })

  it('whatever its entries are', () => {
    const word = fc.constantFrom<unknown>('F32', 'U8', 'BOOL', '', '__proto__', null, 5)
    const side = fc.constantFrom<unknown>(0, 1, 2, -1, 0.5, 2 ** 53, 1e300, '1', null, [], {})
    const list = fc.array(side, { maxLength: 3 })
    const record = fc.record({ dtype: word, shape: list, data_offsets: list }, { requiredKeys: [] })
    const key = fc.constantFrom('a', 'b', '__proto__', 'constructor', '__metadata__')
    fc.assert(
      fc.property(fc.dictionary(key, fc.oneof(record, fc.jsonValue())), fc.nat(8), (header, data) => {
        const result = decodeSafetensors(fileOf(JSON.stringify(header), data), 'f')
        if (E.isLeft(result)) expect(result.left._tag).toBe('BadContainer')
      }),
      { seed: 4, numRuns: 1000 },
    )
  })
})

describe('an unusual file is read', () => {
  it('with names that are keys of every object', () => {
    const json = `{"__proto__":${entry('U8', [], [0, 1])},"constructor":${entry('U8', [1], [1, 2])}}`
    const result = decodeSafetensors(fileOf(json, 2), 'f')
    expect(E.isRight(result) && [...result.right.tensors.keys()]).toEqual(['__proto__', 'constructor'])
    expect(Reflect.get({}, 'dtype')).toBe(undefined)
  })

  it('with no tensor, an empty tensor, spaces after the header', () => {
    expect(messageOf(fileOf('{}'))).toBe('read')
    expect(messageOf(fileOf('{}      '))).toBe('read')
    expect(messageOf(fileOf(named('a', 'F32', [0, 2 ** 50], [0, 0])))).toBe('read')
  })
})
