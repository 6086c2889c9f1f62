//! Names to addresses, through the address guard: the connection uses the addresses that were checked, so a name cannot change its
//! answer between the check and the use.

use std::{
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    sync::Arc,
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;

use super::{
    guard::{self, Reach},
    stage::{Reporter, Stage},
};
use crate::model::PrivateHost;

/// Lookups that may wait for the system's resolver at once. Each holds a thread until the system gives up, even after the request
/// that wanted it has; the rest of the blocking threads belong to the parsers.
const LOOKUPS_MAX: usize = 128;

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 16;

/// What a lookup table is: a function from a name to its addresses, asked for every new connection.
pub type Table = Arc<dyn Fn(&str) -> Vec<IpAddr> + Send + Sync>;

/// Who knows the addresses of names.
#[derive(Clone)]
pub enum Resolver {
    /// The machine's own resolver.
    System,
    /// A table, for simulations: the guard looks at its answers as well.
    Table(Table),
}

/// Why a name has no address for us. Found again inside the client's error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// The resolver has no answer.
    #[error("{0}")]
    NotFound(String),
    /// It has one that may not be asked.
    #[error("{0}")]
    Refused(String),
}

/// A resolver for one of the two clients.
#[derive(Clone)]
pub struct Names {
    resolver: Resolver,
    reach: Reach,
    /// A name that may lead anywhere: that of a proxy which the operator allows.
    vouched: Option<String>,
    slots: Arc<Semaphore>,
}

impl Names {
    /// A resolver whose answers reach no further than `reach`.
    pub fn new(resolver: Resolver, reach: Reach) -> Self {
        Self { resolver, reach, vouched: None, slots: Arc::new(Semaphore::new(LOOKUPS_MAX)) }
    }

    /// The same with another reach; lookups of both wait for the same slots.
    pub fn reaching(&self, reach: Reach) -> Self {
        Self { reach, ..self.clone() }
    }

    /// The same for a client whose proxy may be anywhere. What is asked for under the proxy's own name may then be there as well.
    pub fn vouching_for(self, proxy: &PrivateHost) -> Self {
        Self { vouched: Some(proxy.host().to_owned()), ..self }
    }

    /// The addresses of a name, as far as all of them may be asked.
    pub async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, LookupError> {
        let mut found = match &self.resolver {
            Resolver::Table(table) => table(name),
            Resolver::System => self.ask_system(name.to_owned()).await?,
        };
        if found.is_empty() {
            return Err(LookupError::NotFound("no such name".to_owned()));
        }
        // One bad address refuses the whole answer: a mixed answer is how a name rebinds.
        if self.reach == Reach::Public
            && self.vouched.as_deref() != Some(name)
            && let Some((ip, what)) = found.iter().find_map(|ip| guard::non_public(*ip).map(|what| (ip, what)))
        {
            return Err(LookupError::Refused(format!("`{name}` resolves to {ip}, {what} (`allow_private` can permit it)")));
        }
        found.truncate(ADDRESSES_MAX);
        Ok(found)
    }

    async fn ask_system(&self, name: String) -> Result<Vec<IpAddr>, LookupError> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.expect("the semaphore is never closed");
        let lookup = tokio::task::spawn_blocking(move || {
            // The slot is held by the thread, not by the request: it comes back when the system has answered.
            let _slot = slot;
            (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|socket| socket.ip()).collect())
        });
        match lookup.await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(error)) => Err(LookupError::NotFound(plain_words(&error.to_string()))),
            Err(_) => Err(LookupError::NotFound("the lookup was given up".to_owned())),
        }
    }
}

/// The part of the system's message that says something.
fn plain_words(message: &str) -> String {
    message.rsplit(": ").next().unwrap_or(message).to_lowercase()
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let reporter = Reporter::current();
        let names = self.clone();
        Box::pin(async move {
            reporter.enter(Stage::Resolving);
            let found = names.addresses(name.as_str()).await?;
            reporter.enter(Stage::Connecting);
            // Port 0 means: the port of the URL.
            Ok(Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{net::IpAddr, sync::Arc};

    use super::{LookupError, Names, Resolver};
    use crate::fetch::guard::Reach;

    async fn lookup(answer: &[&str], reach: Reach) -> Result<Vec<IpAddr>, LookupError> {
        let answer: Vec<IpAddr> = answer.iter().map(|text| text.parse().expect("an address")).collect();
        Names::new(Resolver::Table(Arc::new(move |_| answer.clone())), reach).addresses("a.test").await
    }

    #[tokio::test]
    async fn one_private_address_refuses_the_whole_answer() {
        assert_eq!(lookup(&["8.8.8.8", "2606:4700::1"], Reach::Public).await.map(|found| found.len()), Ok(2));
        assert!(matches!(lookup(&["8.8.8.8", "10.0.0.1"], Reach::Public).await, Err(LookupError::Refused(_))));
        assert!(matches!(lookup(&["8.8.8.8", "::ffff:127.0.0.1"], Reach::Public).await, Err(LookupError::Refused(_))));
        assert_eq!(lookup(&["10.0.0.1"], Reach::Private).await.map(|found| found.len()), Ok(1));
    }

    #[tokio::test]
    async fn an_empty_answer_is_no_answer() {
        assert!(matches!(lookup(&[], Reach::Public).await, Err(LookupError::NotFound(_))));
    }

    #[tokio::test]
    async fn the_system_knows_this_machine_and_no_invalid_name() {
        let names = Names::new(Resolver::System, Reach::Public);
        assert!(matches!(names.addresses("localhost").await, Err(LookupError::Refused(_))));
        assert!(matches!(names.addresses("nothing.invalid").await, Err(LookupError::NotFound(_))));
    }
}
