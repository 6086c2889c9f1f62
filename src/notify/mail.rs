//! Mail: a digest by SMTP, as plain text and HTML. The only file that names lettre.

use std::{net::Ipv4Addr, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message as Letter, Tokio1Executor,
    message::{
        MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
        extension::ClientId,
    },
};

use super::{chat::Judgement, message::Message};
use crate::{
    model::{MailTls, Mailbox, Text, Timestamp},
    render::{LetterLine, letter},
};

/// How long each step of a conversation may take, and all of it.
const STEP_MAX: Duration = Duration::from_secs(20);
const SPAN_MAX: Duration = Duration::from_secs(60);

/// Sends a message by mail.
pub(super) async fn send(mailbox: &Mailbox, message: &Message, now: Timestamp) -> Judgement {
    let sent = async {
        let letter = written(mailbox, message, now).map_err(|why| Judgement::Refused(format!("cannot be written: {why}")))?;
        let transport = transport(mailbox).map_err(|error| Judgement::Refused(format!("no TLS: {}", line(&error))))?;
        transport.send(letter).await.map(|_| ()).map_err(|error| {
            let words = line(&error);
            if error.is_permanent() { Judgement::Refused(words) } else { Judgement::Later(None, words) }
        })
    };
    match tokio::time::timeout(SPAN_MAX, sent).await {
        Ok(Ok(())) => Judgement::Taken,
        Ok(Err(judgement)) => judgement,
        Err(_) => Judgement::Later(None, format!("timeout: over {}s", SPAN_MAX.as_secs())),
    }
}

fn transport(mailbox: &Mailbox) -> Result<AsyncSmtpTransport<Tokio1Executor>, lettre::transport::smtp::Error> {
    let tls = match mailbox.tls {
        MailTls::None => Tls::None,
        MailTls::Implicit => Tls::Wrapper(TlsParameters::new(mailbox.host.clone())?),
        MailTls::StartTls => Tls::Required(TlsParameters::new(mailbox.host.clone())?),
    };
    let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mailbox.host)
        .port(mailbox.port)
        .tls(tls)
        // Our own name is nobody's business, and often none that can be resolved.
        .hello_name(ClientId::Ipv4(Ipv4Addr::LOCALHOST))
        .timeout(Some(STEP_MAX));
    Ok(match &mailbox.login {
        Some((user, password)) => builder.credentials(Credentials::new(user.clone(), password.clone())).build(),
        None => builder.build(),
    })
}

/// The message as a mail. Its `Message-ID` is the message's name, so that one that comes twice can be told.
fn written(mailbox: &Mailbox, message: &Message, now: Timestamp) -> Result<Letter, String> {
    let say = |error: &dyn std::fmt::Display| error.to_string();
    let heading = message.heading();
    let lines: Vec<LetterLine<'_>> =
        message.notes.iter().map(|note| LetterLine { title: &note.title, link: &note.link, detail: &note.detail }).collect();
    let (plain, html) = letter(&heading, &lines);
    let from: lettre::message::Mailbox = mailbox.from.parse().map_err(|error| say(&error))?;
    let domain = from.email.domain().to_owned();
    let mut builder =
        Letter::builder().from(from).subject(heading).date(now.to_utc().into()).message_id(Some(format!("<{}@{domain}>", message.id)));
    for to in &mailbox.to {
        builder = builder.to(to.parse().map_err(|error| say(&error))?);
    }
    let mut letter = builder.multipart(MultiPart::alternative_plain_html(plain, html)).map_err(|error| say(&error))?;
    // Nobody's absence notice shall answer (RFC 3834), and readers can sort by the list (RFC 2919).
    let list = format!("<{}.watchfire.{domain}>", message.receiver);
    for (name, value) in [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All"), ("List-Id", &list)] {
        letter.headers_mut().insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()));
    }
    Ok(letter)
}

/// An error in a line. lettre's errors name hosts and answers, never credentials.
fn line(error: &lettre::transport::smtp::Error) -> String {
    let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"));
    Text::line(&format!("{error}{cause}"), 200).to_string()
}
