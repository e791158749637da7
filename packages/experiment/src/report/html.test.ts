import { fc, test } from '@fast-check/vitest'
import { parseHTML } from 'linkedom'
import { describe, expect } from 'vitest'
import { embeddedJson, escapeHtml, html, Markup, printable, shortened } from './html.js'

fc.configureGlobal({ seed: 20260305 })

const anyText = fc.string({ unit: 'binary', maxLength: 60 })
const markupLike = fc
  .array(
    fc.constantFrom('<', '>', '&', '"', "'", '/', 'script', '!--', '-->', ' ', 'x', '=', '\u2028', '\u0000', '\ud800'),
    {
      maxLength: 20,
    },
  )
  .map((parts) => parts.join(''))

describe('html', () => {
  test.prop([fc.oneof(anyText, markupLike)])('text stays text, in content and in attributes', (text) => {
    const { document } = parseHTML(
      `<!doctype html><html><body>${html`<p title="${text}">${text}</p>`.html}</body></html>`,
    )
    expect(document.querySelectorAll('body *').length).toBe(1)
    expect(document.querySelector('p')?.textContent).toBe(printable(text))
    expect(document.querySelector('p')?.attributes.length).toBe(1)
  })

  test('markup is left as it is, lists are joined, numbers shown', () => {
    expect(html`<ul>${[html`<li>${1}</li>`, html`<li>${'<'}</li>`]}</ul>${new Markup('<br>')}`.html).toBe(
      '<ul><li>1</li><li>&lt;</li></ul><br>',
    )
  })

  test('controls, bidirectional overrides and lone surrogates are replaced', () => {
    expect(printable('a\u001b[31m\u202eb\ud800c\u{1f600}\n')).toBe('a\ufffd[31m\ufffdb\ufffdc\u{1f600}\n')
    expect(escapeHtml(`<a href='x'>&"`)).toBe('&lt;a href=&#39;x&#39;&gt;&amp;&quot;')
  })

  test('long text is cut, never within a character', () => {
    expect(shortened('abcdef', 3)).toBe('abc… (3 more characters)')
    expect(shortened(`${'\u{1f600}'.repeat(5)}`, 4)).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/)
    expect(shortened('x'.repeat(1_000_000)).length).toBeLessThan(200)
  })
})

describe('embeddedJson', () => {
  test.prop([fc.oneof(fc.jsonValue(), anyText, markupLike)])(
    'reads back as it was, and cannot close its element',
    (value) => {
      const text = embeddedJson(value).html
      expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(value))
      expect(text).not.toMatch(/[<\u2028\u2029]/)
    },
  )
})
