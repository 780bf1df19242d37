//! A candidate has every required skill at its lowest proficiency or better.

use super::Context;
use crate::routing::{Candidate, Refusal};

pub(super) fn check(candidate: &Candidate, context: &Context<'_>) -> Result<(), Refusal> {
    for (skill, required) in context.request.required_skills {
        let proficiency = candidate.skills.get(skill).copied().unwrap_or(0);
        if proficiency < *required {
            return Err(Refusal::SkillMissing {
                skill: skill.clone(),
                required: *required,
                proficiency,
            });
        }
    }
    Ok(())
}
