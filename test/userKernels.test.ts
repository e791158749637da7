/* Kernels of one's own: held to the laws, on every engine, and what the laws say of wrong ones. */
import {
  add,
  array,
  cast,
  checkIR,
  checkpoint,
  compile,
  compileChecked,
  type Engine,
  evalIR,
  grad,
  type HostTensor,
  hvp,
  jit,
  log,
  makeIR,
  map,
  mean,
  mul,
  ones,
  parseIR,
  planStages,
  prepareIR,
  printIR,
  referenceEngine,
  scalar,
  sum,
  type Tensor,
  tensor,
  valueAndGrad,
  vmap,
} from '@cotangent/core'
import { defineKernel, gpuEngine } from '@cotangent/engine-gpu'
import { onnxEngine } from '@cotangent/engine-onnx'
import {
  absolute,
  agreesWithReference,
  between,
  checkGrads,
  distinct,
  forAll,
  forAllAsync,
  indicesOf,
  jitIsEager,
  kernelAgrees,
  lawRuns,
  modesAreDual,
  oracle,
  tensorOf,
  tracedOncePerSignature,
  transformsArbitrary,
  transformsCompose,
  vmapIsLoop,
  vmapOfNothing,
} from '@cotangent/testing'
import fc from 'fast-check'
import { afterAll, describe, expect, test } from 'vitest'
import {
  entropyOfRows,
  isTop,
  pickedLogit,
  rowEntropy,
  rowEntropySlope,
  sineProduct,
  slopesOfBatches,
  squaredLength,
} from './support/userKernels.js'

const cpu = await gpuEngine({ mode: 'cpu' })
const webasm = await gpuEngine({ mode: 'webasm' })
const onnx = await onnxEngine()
const gpuModes = [cpu, webasm]
afterAll(() => Promise.all([cpu, webasm, onnx].map((engine) => engine.close())))

const few = fc.integer({ min: 1, max: 4 })
const logits = fc.tuple(few, few).chain((shape) => tensorOf(shape, between(-4, 4)))
const batches = fc.tuple(few, few, few).chain((shape) => tensorOf(shape, between(-4, 4)))
const labelled = fc.tuple(few, few).chain(([n, d]) => fc.tuple(tensorOf([n, d], between(-4, 4)), indicesOf([n], d)))
const pairs = few.chain((n) => fc.tuple(tensorOf([n], between(-3, 3)), tensorOf([n], between(-3, 3))))

const example = array([
  [0.5, -1, 2],
  [1, 1.5, -0.5],
])
const three = array([
  [
    [0.5, -1, 2],
    [1, 1.5, -0.5],
  ],
  [
    [1, 2, 3],
    [4, 5, 6],
  ],
  [
    [0, 0, 1],
    [2, 0, 0],
  ],
])
const loss = valueAndGrad((x: Tensor) => mean(rowEntropy(x)))

/** A compiled function gives what the function gives. */
const agrees = (engine: Engine, f: (...xs: readonly Tensor[]) => Tensor, ...xs: readonly HostTensor[]): Promise<void> =>
  agreesWithReference(engine, (list) => [f(...list)], xs, absolute(1e-5))

describe('a kernel with a derivative backwards', () => {
  test('has that of its reference', () => {
    forAll([logits], (x) => checkGrads(rowEntropy, [x], { forward: false }), lawRuns(20))
    const slopeOf = (f: (x: Tensor) => Tensor) => grad((x: Tensor) => sum(mul(f(x), f(x))))
    forAll(
      [logits],
      (x) => {
        const [own, reference] = oracle(([y = x]) => [slopeOf(rowEntropy)(y), slopeOf(entropyOfRows)(y)], [x])
        for (const [i, value] of (reference?.data ?? []).entries()) expect(own?.data[i]).toBeCloseTo(value, 12)
        expect(own?.shape).toEqual(x.shape)
      },
      lawRuns(20),
    )
  })

  test('has none where an operand is of whole numbers', () => {
    forAll([labelled], ([x, y]) => checkGrads(pickedLogit, [x, y], { forward: false }), lawRuns(20))
  })

  test('is the loop under vmap, over nothing too, of its gradient too, and the same under jit', () => {
    const slope = grad((x: Tensor) => sum(rowEntropy(x)))
    forAll([batches], (x) => vmapIsLoop(rowEntropy, [x]), lawRuns(20))
    forAll([batches], (x) => vmapIsLoop(slope, [x]), lawRuns(20))
    forAll([batches], (x) => vmapOfNothing(rowEntropy, [x]), lawRuns(10))
    forAll([logits], (x) => jitIsEager(slope, [x]), lawRuns(10))
  })

  test('is mapped over some of its operands', () => {
    vmapIsLoop(pickedLogit, [three, array([2, 0], 'i32')], { axes: [0, null] })
    vmapIsLoop(
      pickedLogit,
      [
        example,
        array(
          [
            [0, 1],
            [2, 2],
          ],
          'i32',
        ),
      ],
      { axes: [null, 0] },
    )
  })

  test('is traced and looked at once per signature', () => {
    let asked = 0
    const counted = defineKernel({
      name: 'counted',
      operands: ['x'],
      result: ([x]) => x,
      source: () => {
        asked++
        return 'function (x) { return x[this.thread.x]; }'
      },
      reference: (x) => x,
    })
    for (const x of [array([1, 2]), array([3, 4]), array([5])]) counted(x)
    expect(asked).toBe(2)
    tracedOncePerSignature(rowEntropy, [[example], [mul(example, 2)]], 1)
  })
})

describe('a kernel with a derivative forwards', () => {
  test('has both modes, to second order', () => {
    forAll([pairs], ([x, y]) => checkGrads(sineProduct, [x, y]), lawRuns(20))
    forAll([pairs], ([x, y]) => modesAreDual(sineProduct, [x, y]), lawRuns(20))
  })
})

test('transforms around transforms are what they say', () => {
  const f = (x: Tensor, y: Tensor): Tensor => sum(sineProduct(x, y))
  forAll(
    [transformsArbitrary()],
    (names) => transformsCompose(f, [array([0.5, -1]), array([2, 0.25])], names),
    lawRuns(20),
  )
})

test('second derivatives go backwards through a vjp of core functions', () => {
  const cubed = defineKernel({
    name: 'cubed',
    operands: ['x'],
    result: ([x]) => x,
    source: () => 'function (x) { const v = x[this.thread.x]; return v * v * v; }',
    reference: (x) => mul(mul(x, x), x),
    vjp: ([x], _, ct) => [mul(ct, mul(3, mul(x, x)))],
  })
  expect(grad(grad(cubed))(scalar(2)).item()).toBe(12)
  const [product] = hvp((x: Tensor) => sum(cubed(x)), [array([1, 2])], [array([1, -1])])
  expect(product?.toArray()).toEqual([6, -12])
})

describe('on an engine with kernels', () => {
  test.each(gpuModes)('$name computes what the references compute, over batches too', async (engine) => {
    const apart = fc.tuple(few, few).chain(distinct)
    await forAllAsync([logits], (x) => kernelAgrees(engine, rowEntropy, [x]), lawRuns(10))
    await forAllAsync([labelled], (xs) => kernelAgrees(engine, pickedLogit, xs), lawRuns(10))
    await forAllAsync([apart], (x) => kernelAgrees(engine, isTop, [x]), lawRuns(10))
    await forAllAsync([pairs], (xs) => kernelAgrees(engine, sineProduct, xs), lawRuns(10))
    const slopeOperands = [example, array([2.3, 2.1]), array([0.7, 0.9]), array([1, -0.5])]
    await kernelAgrees(engine, rowEntropySlope, slopeOperands)
    await forAllAsync(
      [few.chain((n) => tensorOf([n], between(-3, 3)))],
      (x) => kernelAgrees(engine, squaredLength, [x]),
      lawRuns(10),
    )
  })

  test.each(gpuModes)('$name runs value and gradient with the kernels, in one program', async (engine) => {
    const program = prepareIR(makeIR(loss)(example), engine.lowers)
    const names = program.equations.map(({ primitive }) => primitive.name)
    expect(names.filter((name) => name.startsWith('rowEntropy'))).toEqual(['rowEntropy', 'rowEntropySlope'])
    expect(planStages(program, engine.runs).map(({ where }) => where)).toEqual(['engine'])
    await agreesWithReference(engine, ([x = example]) => loss(x), [example], absolute(1e-6))
  })

  test.each(gpuModes)(
    '$name runs vmaps of vmaps as one kernel, operands shared by examples as they are',
    async (engine) => {
      const shapes = fc.tuple(few, few, few, few).chain(([a, b, n, d]) => {
        const numbers = (...shape: readonly number[]) => tensorOf(shape, between(-2, 2))
        return fc.tuple(numbers(b, n, d), numbers(a, n), numbers(n), numbers(a, b, n))
      })
      await forAllAsync([shapes], (xs) => agrees(engine, slopesOfBatches, ...xs), lawRuns(20))
      const xs = [ones([3, 2, 4]), ones([2, 2]), ones([2]), ones([2, 3, 2])]
      const { equations } = prepareIR(makeIR(slopesOfBatches)(...xs), engine.lowers)
      expect(equations.map(({ primitive }) => primitive.name)).toEqual(['rowEntropySlope'])
      expect(equations.map(({ inputs }) => inputs.map(({ aval }) => aval.shape))).toEqual([xs.map((x) => x.shape)])
    },
  )

  test.each(gpuModes)('$name runs gradients under vmap, checkpoint and jit', async (engine) => {
    await agrees(engine, jit(vmap(grad((x: Tensor) => sum(checkpoint(rowEntropy)(x))))), three)
  })

  test.each(gpuModes)('$name takes numbers, one array twice, computed and empty ones', async (engine) => {
    const sumOf = defineKernel({
      name: 'sumOf',
      operands: ['x', 'y'],
      result: ([_, y]) => y,
      source: ([x]) => `function (x, y) {
  let total = y[this.thread.x];
  for (let k = 0; k < ${x.shape[0]}; k++) {
    total = total + x[k];
  }
  return total;
}`,
      reference: (x, y) => add(y, sum(x)),
    })
    await agrees(engine, (x) => sineProduct(x, x), array([1, 2]))
    await agrees(engine, (x) => sineProduct(mul(x, 2), mul(x, x)), array([1, 2]))
    await agrees(engine, () => sineProduct(scalar(2), scalar(3)))
    await agrees(engine, sumOf, array([]), array([1, 2]))
    await agrees(engine, sumOf, array([1]), array([]))
    await agrees(engine, sumOf, array([1, 4]), array([1, 2]))
  })

  test('kernels of one name are told apart', async () => {
    const times = (factor: number) =>
      defineKernel({
        name: 'times',
        operands: ['x'],
        result: ([x]) => x,
        source: () => `function (x) { return x[this.thread.x] * ${factor}; }`,
        reference: (x) => mul(x, factor),
      })
    const [twice, thrice] = [times(2), times(3)]
    const f = compile((x: Tensor) => [twice(x), thrice(x), times(3)(x)], cpu)
    const results = await Promise.all((await f(array([1]))).map((y) => y.read()))
    expect(results.map((y) => y.item())).toEqual([2, 3, 3])
    const program = prepareIR(makeIR((x: Tensor) => [twice(x), thrice(x), times(3)(x)])(array([1])), cpu.lowers)
    expect(program.equations).toHaveLength(2)
  })
})

describe('elsewhere the reference runs', () => {
  test.each([onnx, referenceEngine()])('$name', async (engine) => {
    expect(engine.lowers(rowEntropy.primitive)).toBe(engine !== onnx)
    await agreesWithReference(engine, ([x = example]) => loss(x), [example], absolute(1e-6))
    await agrees(engine, vmap(rowEntropy), three)
    await agrees(engine, pickedLogit, example, array([2, 0], 'i32'))
    await agrees(engine, (x) => cast(isTop(x), 'f32'), example)
  })

  test('in f64, on the host between programs of the GPU engine', async () => {
    const wide = tensor(Float64Array.from(example.data), [2, 3])
    const f = compile((x: Tensor) => rowEntropy(x), cpu)
    const y = await f(wide)
    expect(y.dtype).toBe('f64')
    const inF64 = evalIR(makeIR(entropyOfRows)(example), [example], { floats: 'f64' })
    for (const [i, value] of (await y.read()).data.entries()) expect(value).toBeCloseTo(inF64.data[i] ?? 0, 14)
  })

  test('in a loop, which the GPU engine leaves to the host', async () => {
    const f = (x: Tensor): Tensor => map((each: Tensor) => rowEntropy(each), x)
    await agrees(cpu, f, three)
  })
})

test('a NaN is traced to the operation of the reference, within the kernel', async () => {
  const logarithm = defineKernel({
    name: 'logarithm',
    operands: ['x'],
    result: ([x]) => x,
    source: () => 'function (x) { return Math.log(x[this.thread.x]); }',
    reference: (x) => log(x),
  })
  const checked = compileChecked((x: Tensor) => logarithm(x), cpu)
  await expect(checked(array([1, -1]))).rejects.toThrow(/NaN in the forward pass: log at[\s\S]*within +logarithm/)
})

describe('as text', () => {
  const print = (f: (...xs: readonly Tensor[]) => Tensor, ...xs: readonly Tensor[]): string => printIR(makeIR(f)(...xs))
  const bare = defineKernel({
    name: 'halved',
    operands: ['x'],
    result: ([x]) => x,
    source: () => 'function (x) { return x[this.thread.x] / 2; }',
    reference: (x) => mul(x, 0.5),
  })

  test('a kernel is an equation with its hash, and the axes of vmap', () => {
    expect(print(bare, array([1, 2]))).toMatchInlineSnapshot(`
      "{ lambda a:f32[2] .
        let b:f32[2] = halved[kernel="21289b5cf1266bae"] a
        in ( b ) }"
    `)
    expect(print(vmap(bare), example)).toMatchInlineSnapshot(`
      "{ lambda a:f32[2,3] .
        let b:f32[2,3] = halved[kernel=a77b1d206f9bdab7 batch=({size=2 mapped=(true)})] a
        in ( b ) }"
    `)
  })

  test('what was printed is read back, with the primitive', () => {
    const text = print(vmap(bare), example)
    expect(() => parseIR(text)).toThrow('give primitives of your own in the option primitives')
    const read = parseIR(text, { primitives: { halved: bare.primitive } })
    checkIR(read)
    expect(printIR(read)).toBe(text)
    checkIR(makeIR(slopesOfBatches)(ones([3, 2, 4]), ones([2, 2]), ones([2]), ones([2, 3, 2])))
  })

  test('a text of another kernel of the name is refused', () => {
    const other = defineKernel({
      name: 'halved',
      operands: ['x'],
      result: ([x]) => x,
      source: () => 'function (x) { return x[this.thread.x] * 0.5; }',
      reference: (x) => mul(x, 0.5),
    })
    const read = () => parseIR(print(bare, example), { primitives: { halved: other.primitive } })
    expect(read).toThrow('must name the kernel that is defined here')
  })
})

describe('a wrong kernel is found', () => {
  test('by checkGrads, where its vjp is wrong', () => {
    const wrong = defineKernel({
      name: 'wrong',
      operands: ['x'],
      result: ([x]) => x,
      source: () => 'function (x) { return x[this.thread.x] * x[this.thread.x]; }',
      reference: (x) => mul(x, x),
      vjp: ([x], _, ct) => [mul(ct, x)],
    })
    const law = () => forAll([tensorOf([2], between(1, 2))], (x) => checkGrads(wrong, [x], { forward: false }))
    expect(law).toThrow(/difference[\s\S]*wrong/)
  })

  test('by kernelAgrees, where its text is wrong', async () => {
    const wrong = defineKernel({
      name: 'wrong',
      operands: ['x'],
      result: ([x]) => x,
      source: () => 'function (x) { return x[this.thread.x] * 2.001; }',
      reference: (x) => mul(x, 2),
    })
    await expect(kernelAgrees(cpu, wrong, [array([1])])).rejects.toThrow(
      'an element must agree with the reference evaluator',
    )
  })

  test('by kernelAgrees, where nothing would be compared', async () => {
    await expect(kernelAgrees(onnx, rowEntropy, [example])).rejects.toThrow('the engine must run rowEntropy itself')
    const wide = tensor(Float64Array.from(example.data), [2, 3])
    await expect(kernelAgrees(cpu, rowEntropy, [wide])).rejects.toThrow('an equation that the host evaluates')
  })
})
