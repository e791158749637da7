/* The page before anything runs: every part is there and named, the script fills in values. */
import { knownMethods, type StudyMethod } from '@cotangent/experiment'
import { labSettings, type TermName, termNames, type Weights, weightNames } from '../settings.js'
import { lastPosition } from './weightScale.js'

const methods = [...knownMethods(labSettings).values()]

const methodChoice = ({ name, label, description }: StudyMethod): string => `
      <label class="choice">
        <input type="radio" name="method" value="${name}"${name === 'ba-lora' ? ' checked' : ''}>
        <span><strong>${label}</strong><small>${description}</small></span>
      </label>`

const modes: readonly (readonly [value: string, label: string])[] = [
  ['auto', 'auto (a graphics card, or cpu)'],
  ['webgpu', 'webgpu (compute shaders)'],
  ['webgl2', 'webgl2 (fragment shaders)'],
  ['webasm', 'webasm (WebAssembly)'],
  ['cpu', 'cpu (JavaScript)'],
]

const sliders: Readonly<Record<keyof Weights, readonly [label: string, what: string]>> = {
  consistency: ['Consistency, λ1', 'holds the logits near the teacher’s'],
  diversity: ['Diversity, λ2', 'punishes logits that move together'],
  spectral: ['SVD, λ3', `favours the ${labSettings.fineTuning.k} largest singular values`],
}

const slider = (name: keyof Weights): string => {
  const [label, what] = sliders[name]
  return `
      <div class="slider">
        <label for="weight-${name}">${label}</label>
        <output id="value-${name}" for="weight-${name}"></output>
        <input type="range" id="weight-${name}" min="0" max="${lastPosition}" step="1" aria-describedby="what-${name}">
        <small id="what-${name}">${what}</small>
      </div>`
}

const panels: Readonly<Record<TermName, string>> = {
  total: 'Weighted sum',
  task: 'Task',
  consistency: 'Consistency',
  diversity: 'Diversity',
  spectral: 'SVD',
  gradient: 'Gradient norm',
}

const panel = (name: TermName): string => `
        <figure class="panel ${name}">
          <figcaption><span>${panels[name]}</span><b id="now-${name}">–</b></figcaption>
          <svg id="chart-${name}" viewBox="0 0 300 100" preserveAspectRatio="none" aria-hidden="true"><path class="zero"/><path class="line"/></svg>
          <div class="range"><span id="low-${name}"></span><span id="high-${name}"></span></div>
        </figure>`

const facts: readonly (readonly [id: string, label: string])[] = [
  ['mode', 'Mode'],
  ['adapter', 'Computes on'],
  ['trainable', 'Trained parameters'],
  ['speed', 'Time of a step'],
  ['compilations', 'Programs compiled'],
  ['kernels', 'Kernels'],
  ['memory', 'Arrays alive on the device'],
]

/** The page. */
export const pageHtml = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Cotangent lab</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="style.css">
<script type="module" src="page.js"></script>
</head>
<body>
<main>
  <header>
    <h1>Cotangent lab</h1>
    <p>A small encoder, pre-trained on mail with wrong labels, is fine-tuned in this page on
      ${labSettings.fineTuning.mails} mails with right ones. Move the weights while it trains.</p>
  </header>
  <noscript><p class="problem">This page is a program: it needs JavaScript.</p></noscript>
  <pre id="problem" class="problem" role="alert" hidden></pre>
  <div class="bar card">
    <div class="buttons">
      <button type="button" id="run" class="primary" disabled aria-keyshortcuts="Space">Run</button>
      <button type="button" id="step" disabled aria-keyshortcuts="S">Step</button>
      <button type="button" id="reset" disabled aria-keyshortcuts="R">Reset</button>
    </div>
    <p class="count"><b id="steps">0</b> steps, <b id="epochs">0</b> epochs</p>
    <p id="status" role="status" aria-live="polite">loading</p>
  </div>
  <form class="columns" id="settings">
    <fieldset class="card weights">
      <legend>Regularisers</legend>${weightNames.map(slider).join('')}
    </fieldset>
    <div class="shown">
      <section class="card" aria-labelledby="loss-title">
        <h2 id="loss-title">Loss</h2>
        <p class="hint">The weighted sum is what is trained; the terms are shown before their weights, on the batch of each step<span id="merged"></span>.</p>
        <div class="panels">${termNames.map(panel).join('')}
        </div>
      </section>
      <section class="card" aria-labelledby="spectrum-title">
        <h2 id="spectrum-title">Singular values of the logits</h2>
        <p class="hint">Of this batch of ${labSettings.fineTuning.batch} mails: now (the bar), and as the teacher has them (the mark).
          <span id="share"></span></p>
        <table id="spectrum">
          <thead><tr><th scope="col">σ</th><td aria-hidden="true"></td><th scope="col">now</th><th scope="col">teacher</th></tr></thead>
          <tbody></tbody>
        </table>
      </section>
      <section class="card" aria-labelledby="facts-title">
        <h2 id="facts-title">Engine</h2>
        <dl>${facts.map(([id, label]) => `<div><dt>${label}</dt><dd id="fact-${id}">–</dd></div>`).join('')}</dl>
      </section>
    </div>
    <div class="card setup">
      <fieldset>
        <legend>Method</legend>${methods.map(methodChoice).join('')}
        <p class="hint">Another method starts anew, with its own weights. PiSSA is BA-LoRA with weights of 0.</p>
      </fieldset>
      <fieldset>
        <legend><label for="mode">Engine mode</label></legend>
        <select id="mode" aria-describedby="mode-hint">${modes.map(([value, label]) => `<option value="${value}">${label}</option>`).join('')}</select>
        <p class="hint" id="mode-hint">In another mode the training goes on from where it is.</p>
        <details id="passed-over" class="hint" hidden><summary>What auto passed over</summary><ul></ul></details>
      </fieldset>
      <p class="hint"><kbd>Space</kbd> runs or pauses, <kbd>S</kbd> makes one step, <kbd>R</kbd> resets.</p>
    </div>
  </form>
</main>
</body>
</html>
`
