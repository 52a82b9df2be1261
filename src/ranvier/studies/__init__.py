"""Studies: many runs with one question."""

from __future__ import annotations

from ranvier.studies.activation import Activation, Block
from ranvier.studies.anode_break import anode_break
from ranvier.studies.block_map import block_map
from ranvier.studies.collision import collision
from ranvier.studies.compound import CompoundActionPotential, compound_action_potential
from ranvier.studies.current_distance import current_distance
from ranvier.studies.demyelination import demyelination
from ranvier.studies.frequency_following import FollowingStatus, frequency_following
from ranvier.studies.nerve import nerve_recruitment
from ranvier.studies.recovery_cycle import recovery_cycle
from ranvier.studies.recruitment import recruitment
from ranvier.studies.strength_duration import strength_duration
from ranvier.studies.table import Curve, Picture, StudyInterrupted, StudyTable
from ranvier.studies.threshold import find_threshold, find_thresholds
from ranvier.studies.threshold_electrotonus import threshold_electrotonus
from ranvier.studies.threshold_result import Threshold, Thresholds, ThresholdStatus
from ranvier.studies.velocities import (
    velocity_against_diameter,
    velocity_against_g_ratio,
    velocity_against_node_length,
    velocity_against_temperature,
)

__all__ = [
    "Activation",
    "Block",
    "CompoundActionPotential",
    "Curve",
    "FollowingStatus",
    "Picture",
    "StudyInterrupted",
    "StudyTable",
    "Threshold",
    "ThresholdStatus",
    "Thresholds",
    "anode_break",
    "block_map",
    "collision",
    "compound_action_potential",
    "current_distance",
    "demyelination",
    "find_threshold",
    "find_thresholds",
    "frequency_following",
    "nerve_recruitment",
    "recovery_cycle",
    "recruitment",
    "strength_duration",
    "threshold_electrotonus",
    "velocity_against_diameter",
    "velocity_against_g_ratio",
    "velocity_against_node_length",
    "velocity_against_temperature",
]
