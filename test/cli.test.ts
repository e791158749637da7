import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readResults } from '@cotangent/experiment'
import { getOrThrow } from '@cotangent/prelude'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// The command as a user runs it: the built files, in a process of their own.
const main = fileURLToPath(new URL('../packages/cli/dist/main.js', import.meta.url))
const mine = fileURLToPath(new URL('../docs/examples/own-objective/mine.mjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'cotangent-cli-'))
const cache = join(folder, 'cache')

afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

const start = (args: readonly string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } => {
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout?.on('data', (text) => {
    stdout += String(text)
  })
  child.stderr?.on('data', (text) => {
    stderr += String(text)
  })
  return { child, ended: new Promise((done) => child.on('close', (code) => done({ code, stdout, stderr }))) }
}

const run = (...args: readonly string[]): Promise<Ended> => start(args).ended

/** The whole road in seconds: a model of width 16, one trial, two seeds. */
const tiny = [
  ...['model.layers=1', 'model.width=16', 'model.heads=2', 'model.length=16', 'model.vocabulary=500'],
  ...['pretraining.wordEpochs=1', 'pretraining.labelEpochs=1', 'pretraining.windows=1'],
  ...['fineTuning.mails=32', 'fineTuning.epochs=2', 'tuning.trials=1', 'evaluation.noisyMails=20'],
  ...['evaluation.mapMails=60', 'rank=2', 'alpha=2'],
].flatMap((change) => ['--set', change])

const study = (output: string, ...more: readonly string[]): readonly string[] => [
  'study',
  ...['--quick', '--threads', '1', '--cache', cache, '--output', join(folder, output)],
  ...tiny,
  ...more,
]

describe('what is refused: one message, exit code 2, nothing written', () => {
  const file = (name: string, content: string): string => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  const cases: readonly (readonly [string, () => readonly string[], RegExp])[] = [
    ['an unknown option', () => ['study', '--sedes', '3'], /--seeds/],
    ['an unknown command', () => ['studdy'], /study/],
    ['an option given twice', () => ['study', '--seeds', '3', '--seeds', '4'], /given once/],
    [
      'a number that is none',
      () => ['study', '--seeds', 'many'],
      /seeds: expected a whole number from 1 to 1000, received "many"/,
    ],
    [
      'a number out of range',
      () => ['study', '--noise', '-1'],
      /pretraining\.noise: expected a number from 0 to 1, received -1/,
    ],
    ['an infinite number', () => ['study', '--noise', '1e999'], /pretraining\.noise/],
    ['an unknown engine', () => ['study', '--engine', 'onx'], /did you mean "onnx"/],
    ['an unknown mode of an engine', () => ['study', '--engine', 'gpu:webgl'], /did you mean "gpu:webgpu"/],
    ['an unknown method', () => ['study', '--methods', 'lora,pisa'], /did you mean "pissa"/],
    ['a method named twice', () => ['study', '--methods', 'lora,lora'], /named once/],
    ['an unknown setting', () => ['study', '--set', 'fineTuning.epoch=2'], /did you mean "epochs"/],
    ['a setting without a value', () => ['study', '--set', 'rank'], /PATH=VALUE/],
    ['heads that do not divide', () => ['study', '--set', 'model.heads=5'], /model\.heads: expected a divisor/],
    ['quick and full', () => ['study', '--quick', '--full'], /exclude/],
    ['malformed YAML', () => ['study', '--config', file('bad.yaml', 'seeds: [1, 2\nrank: 3')], /bad\.yaml.*\n.*line/],
    [
      'YAML with a wrong type',
      () => ['study', '--config', file('type.yaml', 'seeds: lots\nrank: 0')],
      /seeds: .*\n.*rank: /,
    ],
    ['YAML with a billion laughs', () => ['study', '--config', file('lol.yaml', laughs)], /aliases/],
    [
      'YAML that reaches for a prototype',
      () => ['study', '--config', file('proto.yaml', '__proto__: {polluted: 1}')],
      /no such field/,
    ],
    ['a config that is not there', () => ['study', '--config', join(folder, 'none.yaml')], /none\.yaml/],
    ['an output that is a file', () => ['study', '--output', file('taken', 'x')], /taken/],
    ['an objective that is not there', () => ['study', '--objective', './none.mjs'], /none\.mjs/],
    [
      'an objective that is none',
      () => ['study', '--objective', file('none.mjs', 'export default 3')],
      /must be an objective/,
    ],
    ['results that are none', () => ['report', file('results.json', '{"format": "other"}')], /results\.json/],
  ]
  test.each(cases)('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await run(...args())
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/ {4}at /) // no stack
    expect(stdout).toBe('')
    expect(code).toBe(2)
    expect(existsSync(join(folder, 'cotangent-study', 'results.json'))).toBe(false)
  })

  test('an output folder that may not be written', async (context) => {
    if (process.getuid?.() === 0) context.skip('the superuser may write everywhere')
    const closed = join(folder, 'closed')
    mkdirSync(closed)
    chmodSync(closed, 0o500)
    const { code, stderr } = await run('study', '--output', join(closed, 'out'))
    expect(stderr).toMatch(/closed/)
    expect(code).toBe(2)
  })

  test('an output below a file', async () => {
    const { code, stderr } = await run('study', '--output', join(file('plain', 'x'), 'out'))
    expect(stderr).toMatch(/plain/)
    expect(code).toBe(2)
  })
})

const laughs = [
  'a0: &a0 [x, x, x, x, x, x, x, x, x]',
  ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${new Array(9).fill(`*a${i}`).join(', ')}]`),
].join('\n')

test('help lists the options', async () => {
  const { code, stdout } = await run('study', '--help')
  for (const option of [
    '--quick',
    '--full',
    '--engine',
    '--seeds',
    '--methods',
    '--objective',
    '--noise',
    '--imbalance',
    '--rank',
    '--config',
    '--set',
    '--output',
  ]) {
    expect(stdout).toContain(option)
  }
  expect(code).toBe(0)
})

describe('a small study', () => {
  let first: Ended
  const output = join(folder, 'first')
  beforeAll(async () => {
    first = await run(...study('first', '--objective', mine))
  }, 240_000)

  test('ends with the table, the verdict and the files', () => {
    expect(first.stderr).toMatch(/^cotangent study: /)
    expect(first.stdout).toContain('BA-LoRA')
    expect(first.stdout).toContain('Bag of words')
    expect(first.stdout).toContain('confidence') // one's own objective joined
    expect(first.stdout).toContain('report.html')
    expect(first.stderr).toMatch(/work in all: [\d.]+ TFLOP/)
    expect(first.code).toBe(0)
    expect(readdirSync(output).sort()).toEqual(['metrics.jsonl', 'report.html', 'results.json', 'table.csv'])
  })

  test('its results can be read back', () => {
    const results = getOrThrow(readResults(readFileSync(join(output, 'results.json'), 'utf8'), 'results.json'))
    expect(results.methods.map(({ name }) => name)).toEqual(['full', 'lora', 'pissa', 'ba-lora', 'confidence'])
    expect(results.controls.map(({ name }) => name)).toEqual(['teacher', 'bag-of-words'])
    for (const { runs } of results.methods) expect(runs.map(({ seed }) => seed)).toEqual([0, 1])
    const [baLora] = results.methods.filter(({ name }) => name === 'ba-lora')
    expect(baLora?.runs[0]?.curves.map(({ term }) => term)).toEqual([
      'total',
      'consistency',
      'diversity',
      'spectral',
      'task',
    ])
    expect(results.test.truth).toHaveLength(results.methods[0]?.runs[0]?.predicted.length ?? 0)
  })

  test('the same seed gives the same bytes, but for times; the pre-trained model comes from the cache', async () => {
    const second = await run(...study('second', '--objective', mine))
    expect(second.code).toBe(0)
    expect(second.stderr).toContain('from the cache')
    const metrics = (name: string): string[] =>
      readFileSync(join(folder, name, 'metrics.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => !line.includes('"pretraining '))
    expect(metrics('second')).toEqual(metrics('first'))
    const timeless = (name: string): string =>
      readFileSync(join(folder, name, 'results.json'), 'utf8')
        .replace(/"seconds":[\d.e+-]+/g, '"seconds":0')
        .replace(/"created":"[^"]*"/, '"created":null')
        .replace(/"work":\[[^\]]*\]/, '"work":[]') // a cached model costs nothing
    expect(timeless('second')).toBe(timeless('first'))
  }, 240_000)

  test.each([
    ['gpu:cpu', /^engine gpu \(cpu\): gpu\.js on JavaScript$/m],
    ['auto', /^engine (gpu \(webgpu\): .*, a graphics card|onnx: .*; no graphics card was found: webgpu: )/m],
  ])(
    'on --engine %s: says what computes, there and in the results, and ends',
    async (engine, said) => {
      const { code, stderr } = await run(...study(engine, '--engine', engine, '--methods', 'lora', '--seeds', '1'))
      expect(stderr).toMatch(said)
      expect(code).toBe(0)
      const { environment } = getOrThrow(
        readResults(readFileSync(join(folder, engine, 'results.json'), 'utf8'), engine),
      )
      expect(`engine ${environment.engine}: ${environment.runsOn}`).toMatch(said)
      expect(readFileSync(join(folder, engine, 'report.html'), 'utf8')).toContain('runsOn')
    },
    240_000,
  )

  test('the report can be made again', async () => {
    const again = join(folder, 'again.html')
    const { code } = await run('report', join(output, 'results.json'), again)
    expect(code).toBe(0)
    expect(readFileSync(again, 'utf8')).toBe(readFileSync(join(output, 'report.html'), 'utf8'))
  }, 60_000)

  test('Ctrl-C ends it with 130 and writes no results', async () => {
    const { child, ended } = start(study('stopped', '--seeds', '50'))
    await new Promise<void>((go) =>
      child.stderr?.on('data', (text) => String(text).includes('tuning on validation') && go()),
    )
    child.kill('SIGINT')
    const { code, stderr } = await ended
    expect(stderr).toContain('stopping after this step')
    expect(code).toBe(130)
    expect(readdirSync(join(folder, 'stopped'))).toEqual([])
  }, 120_000)

  test('two runs in one folder: the second is refused', async () => {
    const { child, ended } = start(study('shared', '--seeds', '50'))
    await new Promise<void>((go) => child.stderr?.on('data', (text) => String(text).includes('mails,') && go()))
    const second = await run(...study('shared'))
    expect(second.stderr).toMatch(/one run at a time/)
    expect(second.code).toBe(2)
    child.kill('SIGTERM')
    expect((await ended).code).toBe(143)
  }, 120_000)

  test('a loss that is not finite stops it, with the term and the step', async () => {
    const bad = join(folder, 'bad.mjs')
    writeFileSync(
      bad,
      `import { taskObjective, term } from '${new URL('../packages/ba-lora/dist/index.js', import.meta.url).href}'
import { log, mean, sub } from '${new URL('../packages/core/dist/index.js', import.meta.url).href}'
export default [...taskObjective, ...term('hopeless', ({ student }) => log(sub(mean(student), 1000)))]
`,
    )
    const { code, stderr } = await run(...study('bad', '--objective', bad, '--methods', 'lora'))
    expect(stderr).toMatch(/"hopeless" must stay finite[\s\S]*at step 0/)
    expect(code).toBe(1)
    expect(readdirSync(join(folder, 'bad'))).toEqual([])
  }, 120_000)
})
