//! Clients of their own for sources that are reached through a proxy, or trust an authority of the operator's own.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    client::{BadClient, ClientSettings, build},
    failure,
    guard::{self, Reach},
    resolve::Names,
    tls,
};
use crate::model::{Failure, PrivateHost, Route};

/// Clients kept. Routes come from the configuration, and old ones only go with a reload.
const CLIENTS_MAX: usize = 1000;

/// How far each part of a way may reach.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Way {
    route: Route,
    target: Reach,
    /// Of the proxy.
    proxy: Reach,
}

/// The clients of routes that were taken.
#[derive(Clone)]
pub struct Routes {
    settings: Arc<ClientSettings>,
    clients: Arc<Mutex<HashMap<Way, reqwest::Client>>>,
}

impl Routes {
    /// No client yet.
    pub fn new(settings: &ClientSettings) -> Self {
        Self { settings: Arc::new(settings.clone()), clients: Arc::default() }
    }

    /// The client for a route whose target may reach so far. [`Failure::AddressRefused`] where the proxy is private and not allowed.
    pub fn client(&self, route: &Route, target: Reach, allowed: &[PrivateHost]) -> Result<reqwest::Client, Failure> {
        let proxy = match &route.proxy {
            Some(proxy) => {
                guard::check_place("proxy", proxy.place(), allowed).map_err(|why| Failure::AddressRefused(failure::line(&why)))?
            }
            None => Reach::Public,
        };
        let way = Way { route: route.clone(), target, proxy };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&way) {
            return Ok(client.clone());
        }
        let client = self.make(&way).map_err(|why| Failure::Connect(failure::line(&why.to_string())))?;
        if clients.len() >= CLIENTS_MAX {
            clients.clear();
        }
        clients.insert(way, client.clone());
        Ok(client)
    }

    fn make(&self, way: &Way) -> Result<reqwest::Client, BadClient> {
        let roots = [self.settings.extra_roots.as_deref(), way.route.authority.as_deref()];
        let tls = tls::config(roots.into_iter().flatten())?;
        let mut names = Names::new(self.settings.resolver.clone(), way.target);
        let Some(proxy) = &way.route.proxy else { return build(&self.settings, tls, names, None) };
        if way.proxy == Reach::Private {
            names = names.vouching_for(proxy.place());
        }
        let proxy = reqwest::Proxy::all(proxy.url()).map_err(|error| BadClient::Build(error.without_url().to_string()))?;
        build(&self.settings, tls, names, Some(proxy))
    }
}
