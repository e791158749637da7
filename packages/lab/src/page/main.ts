/* The page: shows what the worker tells, asks it for what the user wants. */
import { knownMethods } from '@cotangent/experiment'
import { decode, E, threeParts } from '@cotangent/prelude'
import { type Command, eventCodec, type LabEvent, type Ready } from '../protocol.js'
import { labSettings, startWeights } from '../settings.js'
import { lossCharts, spectrumChart } from './charts.js'
import { element, setText, within } from './elements.js'
import { onKeys } from './keys.js'
import { shortTime } from './numbers.js'
import { after, type Shown, shownAtFirst } from './shown.js'
import { makeSliders } from './sliders.js'

const run = element('run', HTMLButtonElement)
const step = element('step', HTMLButtonElement)
const reset = element('reset', HTMLButtonElement)
const mode = element('mode', HTMLSelectElement)
const form = element('settings', HTMLFormElement)
const status = element('status', HTMLElement)
const problem = element('problem', HTMLElement)
const sliders = makeSliders()
const drawLoss = lossCharts()
const drawSpectrum = spectrumChart()
const methods = knownMethods(labSettings)
const stepsPerEpoch = Math.ceil(labSettings.fineTuning.mails / labSettings.fineTuning.batch)

let shown: Shown = shownAtFirst

// ---------------------------------------------------------------- drawing

const fact = (name: string, text: string): void => setText(element(`fact-${name}`, HTMLElement), text)

const drawFacts = ({ ready, here }: Shown): void => {
  fact('mode', ready?.mode ?? '–')
  fact('adapter', ready === null ? '–' : `${ready.adapter}${ready.software ? ' (no graphics card)' : ''}`)
  fact('trainable', ready?.trainable.toLocaleString('en') ?? '–')
  fact('speed', here === null ? '–' : shortTime(here.milliseconds))
  fact('compilations', here === null ? '–' : String(here.compilations))
  fact('kernels', here === null ? '–' : String(here.device.kernels))
  const memory = here?.device
  fact('memory', memory === undefined ? '–' : `${memory.buffers} (${memory.bytes.toLocaleString('en')} bytes)`)
  drawPassedOver(ready?.passedOver ?? [])
}

const drawPassedOver = (passedOver: readonly string[]): void => {
  const details = element('passed-over', HTMLDetailsElement)
  const list = within(details, 'ul', HTMLElement)
  details.hidden = passedOver.length === 0
  if (list.dataset.shown === passedOver.join('\n')) return
  list.dataset.shown = passedOver.join('\n')
  list.replaceChildren(
    ...passedOver.map((text) => {
      const item = document.createElement('li')
      item.textContent = text
      return item
    }),
  )
}

const draw = (): void => {
  const { ready, running, steps, last, history } = shown
  setText(run, running ? 'Pause' : 'Run')
  run.disabled = ready === null
  step.disabled = ready === null
  reset.disabled = ready === null && shown.problem === ''
  setText(element('steps', HTMLElement), String(steps))
  setText(element('epochs', HTMLElement), (steps / stepsPerEpoch).toFixed(1))
  setText(status, shown.status)
  setText(problem, shown.problem)
  problem.hidden = shown.problem === ''
  drawLoss(history, last?.readings ?? null)
  drawSpectrum(last?.spectrum ?? [], last?.teacher ?? [])
  drawFacts(shown)
}

let isDue = false

/** Draws before the next frame, however much happens until then. */
const schedule = (): void => {
  if (isDue) return
  isDue = true
  requestAnimationFrame(() => {
    isDue = false
    draw()
  })
}

const tell = (event: LabEvent): void => {
  shown = after(shown, event)
  schedule()
}

// ---------------------------------------------------------------- what the user asks for

const fail = (must: string, received: string, todo: string): void =>
  tell({ _tag: 'Failed', message: threeParts({ must, received, todo }), usable: false })

const worker = new Worker('worker.js', { type: 'module' })
worker.onmessage = ({ data }: MessageEvent<unknown>) => {
  const event = decode(eventCodec, data)
  if (E.isRight(event)) tell(event.right)
  else fail('The worker must say what the page knows.', event.left.message, 'load the page again')
}
worker.onerror = ({ message }) =>
  fail('The worker must run.', message || 'it did not load', 'load the page again, with the server running')

const ask = (command: Command): void => worker.postMessage(command)

const chosenMode = (): Ready['requested'] => {
  const { value } = mode
  return value === 'webgpu' || value === 'webgl2' || value === 'webasm' || value === 'cpu' ? value : 'auto'
}

/** Starts a method anew, with its own weights. */
const openMethod = (): void => {
  const method = methods.get(String(new FormData(form).get('method')))
  if (method === undefined) return
  sliders.set(startWeights(method, labSettings))
  ask({ _tag: 'Open', method: method.name, mode: chosenMode(), weights: sliders.weights() })
}

const act = {
  run: () => ask({ _tag: shown.running ? 'Pause' : 'Run' }),
  step: () => ask({ _tag: 'Step' }),
  reset: () => ask({ _tag: 'Reset' }),
}

for (const [button, name] of [
  [run, 'run'],
  [step, 'step'],
  [reset, 'reset'],
] as const) {
  button.addEventListener('click', act[name])
}
onKeys((asked) => {
  if (!element(asked, HTMLButtonElement).disabled) act[asked]()
})
for (const choice of form.querySelectorAll('input[name=method]')) choice.addEventListener('change', openMethod)
form.addEventListener('submit', (event) => event.preventDefault())
mode.addEventListener('change', () => ask({ _tag: 'ChangeMode', mode: chosenMode() }))
sliders.onChange(() => ask({ _tag: 'Weigh', weights: sliders.weights() }))
openMethod()
