//! Several nodes and what belongs to them, published in one transaction.

use std::future::Future;

use crate::{Error, Operation, Plan, Published, write};

/// One or several plans, and what belongs to them: all of it is written, or nothing.
#[derive(Debug)]
pub struct Publication {
    plans: Vec<Plan>,
    pub(crate) others: Vec<Operation>,
}

impl From<Plan> for Publication {
    fn from(plan: Plan) -> Self {
        Self { plans: vec![plan], others: Vec::new() }
    }
}

impl Publication {
    /// A publication of one node.
    pub fn new(plan: Plan) -> Self {
        plan.into()
    }

    /// The same with another node, of the same client.
    #[must_use]
    pub fn and(mut self, plan: Plan) -> Self {
        self.plans.push(plan);
        self
    }

    /// The same with something that belongs to it.
    #[must_use]
    pub fn with(mut self, operation: Operation) -> Self {
        self.others.push(operation);
        self
    }

    /// A publication of several nodes of the same client. A node that holds its content already is
    /// not written, but must not change meanwhile. `None` if that holds for all of them.
    pub fn of_changes(plans: Vec<Plan>) -> Option<Self> {
        let (plans, unchanged): (Vec<Plan>, Vec<Plan>) = plans.into_iter().partition(Plan::is_change);
        let others = unchanged.iter().map(Plan::check).collect();
        (!plans.is_empty()).then_some(Self { plans, others })
    }

    /// What is planned.
    pub fn plans(&self) -> &[Plan] {
        &self.plans
    }

    /// Writes all of it if each node still is what was compared, as [`Plan::commit`] does.
    ///
    /// # Errors
    ///
    /// As [`Plan::commit`]. An [`Operation`] that cannot be done is an error of its path.
    pub async fn commit(&self, interrupt: impl Future<Output = ()>) -> Result<Vec<Published>, Error> {
        write::commit(&self.plans, &self.others, interrupt).await
    }
}
