//! Mail: a digest by SMTP, as plain text and HTML. The only file that names lettre.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use lettre::{
    Message as Letter,
    message::{
        MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        Error,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        extension::ClientId,
    },
};

use super::{chat::Judgement, message::Message};
use crate::{
    fetch::Client,
    model::{MailTls, Mailbox, Text, Timestamp},
    render::{LetterLine, letter},
};

/// How long connecting to one address may take, and all of it.
const STEP_MAX: Duration = Duration::from_secs(20);
const SPAN_MAX: Duration = Duration::from_secs(60);

/// Sends a message by mail.
pub(super) async fn send(client: &Client, mailbox: &Mailbox, message: &Message, now: Timestamp) -> Judgement {
    let sent = async {
        let letter = written(mailbox, message, now).map_err(|why| Judgement::Refused(format!("cannot be written: {why}")))?;
        let places = client.locate("mail server", &mailbox.server, &mailbox.allow_private).await?;
        hand_over(mailbox, &places, &letter).await.map_err(|error| {
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

/// One conversation with the server at the first of its addresses that answers. Its certificate has to name it as the operator does.
async fn hand_over(mailbox: &Mailbox, places: &[SocketAddr], letter: &Letter) -> Result<(), Error> {
    // Our own name is nobody's business, and often none that can be resolved.
    let own_name = ClientId::Ipv4(Ipv4Addr::LOCALHOST);
    let tls = || TlsParameters::new(mailbox.host().to_owned());
    let wrapped = if mailbox.tls == MailTls::Implicit { Some(tls()?) } else { None };
    let mut connection = AsyncSmtpConnection::connect_tokio1(places, Some(STEP_MAX), &own_name, wrapped, None).await?;
    if mailbox.tls == MailTls::StartTls {
        connection.starttls(tls()?, &own_name).await?;
    }
    if let Some((user, password)) = &mailbox.login {
        connection.auth(DEFAULT_MECHANISMS, &Credentials::new(user.clone(), password.clone())).await?;
    }
    connection.send(letter.envelope(), &letter.formatted()).await?;
    // It has been taken, whatever is said now.
    connection.abort().await;
    Ok(())
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
    for (name, value) in list_fields(mailbox, message, &domain) {
        letter.headers_mut().insert_raw(HeaderValue::new(HeaderName::new_from_ascii_str(name), value));
    }
    Ok(letter)
}

/// What tells programs that no person wrote this: nobody's absence notice shall answer it (RFC 3834), readers can sort by the list
/// (RFC 2919) and leave it (RFC 2369). There is no one-click way out (RFC 8058): it needs an address that all mail services reach and a
/// list that changes by itself, and here recipients stand in the operator's file.
fn list_fields(mailbox: &Mailbox, message: &Message, domain: &str) -> Vec<(&'static str, String)> {
    let receiver = &message.receiver;
    let mut fields = vec![
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("X-Auto-Response-Suppress", "All".to_owned()),
        ("Precedence", "bulk".to_owned()),
        ("List-Id", format!("<{receiver}.watchfire.{domain}>")),
    ];
    if let Some(address) = &mailbox.unsubscribe {
        fields.push(("List-Unsubscribe", format!("<mailto:{address}?subject=unsubscribe%20{receiver}>")));
    }
    fields
}

/// An error in a line. lettre's errors name hosts and answers, never credentials.
fn line(error: &Error) -> String {
    let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"));
    Text::line(&format!("{error}{cause}"), 200).to_string()
}
