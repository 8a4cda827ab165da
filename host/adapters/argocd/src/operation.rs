//! Operations in flight, and how they are ended.

use deploycenter_ports::ProviderError;
use reqwest::Method;

use crate::adapter::ArgoCd;
use crate::client::Ask;
use crate::model::App;

impl ArgoCd {
    /// Asks Argo CD to end the operation that a reading showed. It is over only when a
    /// later reading shows none: phase `Terminating` lasts up to a second, one that hasn't
    /// begun yet can't be ended, and with automated sync another may follow at once. So
    /// whoever needs it ended reads and calls this until there is none.
    pub(crate) async fn end_operation(
        &self,
        app: &App,
        name: &str,
        project: &str,
    ) -> Result<(), ProviderError> {
        if app.phase() == "Terminating" {
            return Ok(());
        }
        let ask = Ask::new(Method::DELETE, &["applications", name, "operation"])
            .query("project", project);
        let answer = self.client.ask(ask).await?;
        // It may have ended by itself, be pending still, or the application be gone.
        if answer.refuses("No operation is in progress") || answer.is_not_found() {
            Ok(())
        } else {
            answer.value().map(|_| ())
        }
    }
}
