import { describe, expect, it } from 'vitest'
import { htmlText } from './htmlText.js'
import { parseMail } from './parseMail.js'

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))

describe('parseMail', () => {
  it('reads headers in order, unfolded, and the text', async () => {
    const mail = await parseMail(latin1('Subject: Hi\nX-A: one\n two\nTo: a@b.org\n\nthere\n'))
    expect(mail.headers).toEqual([
      ['subject', 'Hi'],
      ['x-a', 'one two'],
      ['to', 'a@b.org'],
    ])
    expect(mail.subject).toBe('Hi')
    expect(mail.body).toBe('there')
  })

  it('decodes words in headers, quoted-printable and charsets', async () => {
    const mail = await parseMail(
      latin1(
        'Subject: =?iso-8859-1?Q?Caf=E9?=\nContent-Type: text/plain; charset=iso-8859-15\nContent-Transfer-Encoding: quoted-printable\n\n5 =A4 and=\n more',
      ),
    )
    expect(mail.subject).toBe('Café')
    expect(mail.body).toBe('5 € and more')
  })

  it('reads undeclared bytes as UTF-8 where they are, as windows-1252 where not', async () => {
    expect((await parseMail(new TextEncoder().encode('Subject: a\n\nnaïve'))).body).toBe('naïve')
    expect((await parseMail(latin1('Subject: a\n\nna\xefve \x93quote\x94'))).body).toBe('naïve “quote”')
  })

  it('takes the plain part of alternatives', async () => {
    const mail =
      'Content-Type: multipart/alternative; boundary="x"\n\n--x\nContent-Type: text/plain\n\nplain\n--x\nContent-Type: text/html\n\n<b>page</b>\n--x--\n'
    expect((await parseMail(latin1(mail))).body).toBe('plain')
  })

  it('makes text of a page, declared or not', async () => {
    expect((await parseMail(latin1('Content-Type: text/html\n\n<p>Buy <b>now</b>'))).body).toBe('Buy now')
    expect((await parseMail(latin1('Subject: x\n\n<html><body>Buy <i>now</i></body></html>'))).body).toBe('Buy now')
  })

  it('reads parts whose header was lost', async () => {
    const mail = 'Subject: x\n\n--q7\nContent-Type: text/plain\n\nfound\n--q7--\n'
    expect((await parseMail(latin1(mail))).body).toBe('found')
  })

  it('reads what is there of a cut or empty mail', async () => {
    const cut = 'Content-Type: multipart/mixed; boundary="x"\n\n--x\nContent-Type: text/plain\n\nhalf a sen'
    expect((await parseMail(latin1(cut))).body).toBe('half a sen')
    expect(await parseMail(latin1(''))).toEqual({ headers: [], subject: '', body: '' })
  })

  it('leaves forwarded mails and attachments out', async () => {
    const mail =
      'Content-Type: multipart/mixed; boundary="x"\n\n--x\n\nsee below\n--x\nContent-Type: message/rfc822\n\nSubject: inner\n\nsecret\n--x\nContent-Type: image/gif\nContent-Transfer-Encoding: base64\n\nR0lGODlhAQ==\n--x--\n'
    expect((await parseMail(latin1(mail))).body).toBe('see below')
  })
})

describe('htmlText', () => {
  it.each([
    ['<p>Two &amp; <b>th</b>ree<br>lines</p>', 'Two & three\nlines'],
    ['<style>p{}</style><script>alert(1)</script><title>t</title>text', 'text'],
    ['<head><div>in an open head</div>', 'in an open head'],
    ['<table><tr><td>a<td>b</table>', 'a\nb'],
    ['a &lt;b&gt; &#233; &nbsp; c', 'a <b> é c'],
    ['no markup', 'no markup'],
    ['<a href="http://x.org">link</a> <img src=x>', 'link'],
    ['<!-- hidden -->shown', 'shown'],
    ['cut <b', 'cut'],
    ['', ''],
  ])('%j becomes %j', (html, expected) => {
    expect(htmlText(html)).toBe(expected)
  })

  it('reads markup nested thousands deep', () => {
    expect(htmlText(`${'<font>'.repeat(5000)}deep`)).toBe('deep')
  })
})
