//! Where a server is that speaks something else than HTTP: its addresses, under the same guard as every request.

use std::net::{IpAddr, SocketAddr};

use super::{client::Client, failure, guard, resolve::LookupError};
use crate::model::{Failure, PrivateHost};

impl Client {
    /// The addresses of a server that the operator named, which is `what` in words. Whoever connects has to use these very addresses: a
    /// second lookup might say something else. [`Failure::AddressRefused`] where it is private and not among the `allowed`.
    pub async fn locate(&self, what: &str, place: &PrivateHost, allowed: &[PrivateHost]) -> Result<Vec<SocketAddr>, Failure> {
        let refused = |why: String| Failure::AddressRefused(failure::line(&why));
        let reach = guard::check_place(what, place, allowed).map_err(refused)?;
        let host = place.host().trim_matches(['[', ']']);
        // A literal address needs no resolver, and has been looked at.
        let found = match host.parse::<IpAddr>() {
            Ok(ip) => vec![ip],
            Err(_) => self.names(reach).addresses(host).await.map_err(|error| match error {
                LookupError::NotFound(why) => Failure::Dns(failure::line(&why)),
                LookupError::Refused(why) => refused(why),
            })?,
        };
        Ok(found.into_iter().map(|ip| SocketAddr::new(ip, place.port())).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::{net::IpAddr, sync::Arc};

    use crate::{
        fetch::{Client, ClientSettings, Resolver},
        model::{Failure, PrivateHost},
    };

    #[tokio::test]
    async fn a_server_is_found_where_the_guard_allows_and_nowhere_else() {
        let table = |name: &str| match name {
            "mail.example" => vec![IpAddr::from([9, 9, 9, 9])],
            "rebound.example" => vec![IpAddr::from([9, 9, 9, 9]), IpAddr::from([10, 0, 0, 1])],
            _ => Vec::new(),
        };
        let settings = ClientSettings { resolver: Resolver::Table(Arc::new(table)), ..ClientSettings::default() };
        let client = Client::new(&settings).expect("a client");
        let locate = async |place: &str, allowed: &[&str]| {
            let allowed: Vec<_> = allowed.iter().filter_map(|place| PrivateHost::parse(place)).collect();
            let place = PrivateHost::parse(place).expect(place);
            client.locate("mail server", &place, &allowed).await.map(|found| found[found.len() - 1].to_string())
        };
        for (place, allowed, wanted) in [
            ("mail.example:587", &[][..], Ok("9.9.9.9:587")),
            ("8.8.8.8:25", &[], Ok("8.8.8.8:25")),
            ("[::1]:25", &["[::1]:25"], Ok("[::1]:25")),
            ("127.0.0.1:25", &["127.0.0.1:25"], Ok("127.0.0.1:25")),
            ("rebound.example:25", &["rebound.example:25"], Ok("10.0.0.1:25")),
            ("rebound.example:25", &["rebound.example:26"], Err("resolves to 10.0.0.1, a private address")),
            ("127.0.0.1:25", &["127.0.0.1:26"], Err("the mail server `127.0.0.1:25` is a loopback address")),
            ("localhost:25", &[], Err("the mail server `localhost:25` is this machine")),
        ] {
            match (locate(place, allowed).await, wanted) {
                (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{place}"),
                (Err(Failure::AddressRefused(why)), Err(wanted)) => assert!(why.contains(wanted), "{place}: {why}"),
                (found, wanted) => panic!("{place}: {found:?} instead of {wanted:?}"),
            }
        }
        assert!(matches!(locate("nothing.example:25", &[]).await, Err(Failure::Dns(_))));
    }
}
